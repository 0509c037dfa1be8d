"""Login by WeChat: ``code2session`` of the mini-program API."""

import json
from pathlib import Path
from typing import Any

import aiohttp

from services.user.domain.ports import WechatCodeRefused
from shared.kit.errors import Unavailable
from shared.kit.log import get_logger

SECONDS_MAX = 4
# The code is at fault: invalid, used, or of somebody whom WeChat blocks.
_CODE_AT_FAULT = {40029, 40163, 40226}

log = get_logger(__name__)


class WechatLogin:
    """The Wechat port. Credentials are read at each call, so a rotated one needs no restart."""

    def __init__(self, http: aiohttp.ClientSession, url: str, credentials_dir: Path) -> None:
        self._http = http
        self._url = url.rstrip("/") + "/sns/jscode2session"
        self._credentials_dir = credentials_dir

    async def openid_of(self, code: str) -> str:
        """The person behind a login code, which serves once.

        Raises WechatCodeRefused, Unavailable.
        """
        query = self._credentials() | {"js_code": code, "grant_type": "authorization_code"}
        try:
            async with self._http.get(
                self._url,
                params=query,
                timeout=aiohttp.ClientTimeout(total=SECONDS_MAX),
                allow_redirects=False,
            ) as answer:
                # WeChat says text/plain, and 200 for its errors too.
                said: dict[str, Any] = dict(await answer.json(content_type=None))
        except (aiohttp.ClientError, OSError, ValueError, TypeError) as lost:
            log.warning("wechat.lost", reason=type(lost).__name__)
            raise Unavailable("WeChat does not answer.") from lost
        return _openid_in(said)

    def _credentials(self) -> dict[str, str]:
        """The mini-program's id and secret, from ``wechat_app.json`` and the file it names."""
        read = json.loads((self._credentials_dir / "wechat_app.json").read_text())
        secret = (self._credentials_dir / read["secret_file"]).read_text().strip()
        return {"appid": read["appid"], "secret": secret}


def _openid_in(said: dict[str, Any]) -> str:
    openid, errcode = said.get("openid"), said.get("errcode", 0)
    if isinstance(openid, str) and openid:
        return openid
    if errcode in _CODE_AT_FAULT:
        raise WechatCodeRefused("Get a fresh code from wx.login.")
    # 40013 and 40125 mean that our own credentials are wrong: staff must look.
    log.error("wechat.refused", errcode=errcode)
    raise Unavailable("WeChat does not log anybody in just now.")
