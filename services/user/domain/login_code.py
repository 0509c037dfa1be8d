"""A one-time login code: its life, its limits, and how it is kept without being known."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.kit.caller import Role
from shared.kit.errors import Gone, Invalid, TooMany, Unauthenticated
from shared.kit.states import Move
from shared.locales import Locale

DIGITS = 6


class LoginCodeState(StrEnum):
    """Where a code is; it ends in a login, by wrong tries, or because it could not be sent."""

    WAITING = "waiting"  # The person's turn.
    USED = "used"  # Nobody's: the end.
    SPENT = "spent"  # Nobody's: the end.
    UNSENT = "unsent"  # Nobody's: the end.


# fmt: off
class LoginCodeMove(Move):
    """Every legal change of a code's state; the person is not known yet, so the system acts."""

    #         from                      to                     who may
    USE     = ({LoginCodeState.WAITING}, LoginCodeState.USED,   {Role.SYSTEM}, "right and in time")
    SPEND   = ({LoginCodeState.WAITING}, LoginCodeState.SPENT,  {Role.SYSTEM}, "last try wrong")
    GIVE_UP = ({LoginCodeState.WAITING}, LoginCodeState.UNSENT, {Role.SYSTEM}, "carrier refused")
# fmt: on


class TooManyCodes(TooMany):
    """Too many codes were asked for; ``retry_after_seconds`` says when to ask again."""


class LoginCodeWrong(Unauthenticated):
    """The code does not match this request and phone."""


class LoginCodeOver(Gone):
    """The code was used, tried too often, or its time is over; ask for another."""


class PhoneUnreachable(Invalid):
    """The carrier cannot deliver a message to this number."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within so many seconds; 0 lifts it."""

    max: int
    seconds: int


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How codes are made, kept and limited; ``key`` hashes them, so a copied table is useless."""

    key: bytes = field(repr=False)
    seconds: int
    tries_max: int
    per_phone: Sequence[Limit]
    per_address: Sequence[Limit]

    def digest(self, request_id: UUID, phone: str, code: str) -> bytes:
        """What is kept of a code: bound to its request and phone."""
        return hmac.digest(self.key, f"{request_id} {phone} {code}".encode(), hashlib.sha256)

    def matches(self, kept: bytes, request_id: UUID, phone: str, code: str) -> bool:
        """Whether this is the code that was kept, in constant time."""
        return hmac.compare_digest(kept, self.digest(request_id, phone, code))


def wait_seconds(asked_at: Sequence[datetime], now: datetime, limits: Sequence[Limit]) -> int:
    """How long to wait before one more may be asked for; 0 is not at all.

    ``asked_at`` lists the earlier ones, newest first, as far back as the widest limit reaches.
    """
    waits = [0]
    for limit in limits:
        within = [at for at in asked_at if at > now - timedelta(seconds=limit.seconds)]
        if 0 < limit.max <= len(within):
            free_at = within[limit.max - 1] + timedelta(seconds=limit.seconds)
            waits.append(-((now - free_at) // timedelta(seconds=1)))
    return max(waits)


_TEXTS = {
    Locale.ZH_HK: "【JAJAYA】登入驗證碼：{code}，{minutes} 分鐘內有效。請勿向任何人透露。",
    Locale.ZH_CN: "【JAJAYA】登录验证码：{code}，{minutes} 分钟内有效。请勿向任何人透露。",
    Locale.EN: "JAJAYA login code: {code}, valid for {minutes} minutes. Never tell it to anyone.",
}


def sms_text(code: str, seconds: int, locale: Locale) -> str:
    """The message that carries a code."""
    return _TEXTS[locale].format(code=code, minutes=seconds // 60)
