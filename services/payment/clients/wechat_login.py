"""WeChat's login server: a code of ``wx.login`` becomes the openid that JSAPI payments name."""

import json
from functools import cached_property
from pathlib import Path
from urllib.parse import urlencode

from services.payment.clients.outside import LOST, Outside
from services.payment.domain.ports import ChannelUnavailable, LoginCodeRefused

PATH = "/sns/jscode2session"
REFUSED_CODES = {40029, 40163, 40226}  # Invalid, used before, blocked.


class WechatLogin:
    """Implements ``domain.ports.WechatLogin`` on ``/sns/jscode2session``."""

    def __init__(self, outside: Outside, folder: Path) -> None:
        self._outside = outside
        self._folder = folder

    @cached_property
    def _app(self) -> dict[str, str]:
        read = json.loads((self._folder / "wechat_app.json").read_text())
        secret = (self._folder / read["secret_file"]).read_text().strip()
        return {"appid": read["appid"], "secret": secret}

    async def openid(self, code: str) -> str:
        """Whose code this is; it can be used once. Raises LoginCodeRefused, ChannelUnavailable."""
        query = {**self._app, "js_code": code, "grant_type": "authorization_code"}
        try:
            answer = await self._outside.send("GET", f"{PATH}?{urlencode(query)}", {})
            told = json.loads(answer.content)
        except (*LOST, ValueError) as lost:
            raise ChannelUnavailable("WeChat's login does not answer.") from lost
        if "openid" in told:
            return str(told["openid"])
        if told.get("errcode") in REFUSED_CODES:
            raise LoginCodeRefused(field="wechat_code", reason="invalid or used before")
        raise ChannelUnavailable("WeChat's login does not serve us.", retry_after_seconds=2)
