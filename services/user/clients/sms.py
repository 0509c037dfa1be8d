"""SMS on Twilio's Messages wire."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from services.user.domain.login_code import PhoneUnreachable
from shared.kit.errors import Unavailable
from shared.kit.log import get_logger

SECONDS_MAX = 4
# What the carrier answers when the number is at fault, not we.
_NUMBER_AT_FAULT = {21211, 21214, 21217, 21408, 21610, 21612, 21614, 21635}

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """Our account at the carrier."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str

    @classmethod
    def load(cls, folder: Path) -> "SmsAccount":
        """Read ``sms.json`` and the token it names."""
        read = json.loads((folder / "sms.json").read_text())
        token = (folder / read["auth_token_file"]).read_text().strip()
        return cls(read["account_sid"], token, read["from"])

    def authorization(self) -> str:
        """What the carrier knows us by."""
        return aiohttp.encode_basic_auth(self.account_sid, self.auth_token)


class TwilioSms:
    """The Sms port. Credentials are read at each call, so a rotated one needs no restart."""

    def __init__(self, http: aiohttp.ClientSession, url: str, credentials_dir: Path) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._credentials_dir = credentials_dir

    async def send(self, to: str, text: str) -> None:
        """Hand a message over for delivery; never tried twice, for it might arrive twice.

        Raises PhoneUnreachable, Unavailable.
        """
        account = SmsAccount.load(self._credentials_dir)
        url = f"{self._url}/2010-04-01/Accounts/{account.account_sid}/Messages.json"
        try:
            async with self._http.post(
                url,
                data={"To": to, "From": account.sender, "Body": text},
                headers={"Authorization": account.authorization()},
                timeout=aiohttp.ClientTimeout(total=SECONDS_MAX),
                allow_redirects=False,
            ) as answer:
                if answer.status == 201:
                    return
                code = await _code_of(answer)
                log.warning("sms.refused", status=answer.status, code=code)
        except (aiohttp.ClientError, OSError) as lost:
            log.warning("sms.lost", reason=type(lost).__name__)
            raise Unavailable("The message carrier does not answer.") from lost
        if code in _NUMBER_AT_FAULT:
            raise PhoneUnreachable(field="phone", reason="the carrier cannot deliver to it")
        raise Unavailable("The message carrier does not take the message.")


async def _code_of(answer: aiohttp.ClientResponse) -> int:
    """The carrier's own number for what is wrong; 0 where it gives none."""
    try:
        return int((await answer.json(content_type=None))["code"])
    except (ValueError, KeyError, TypeError):
        return 0
