"""An account: one person, known by a phone or by WeChat, in one or several roles."""

from dataclasses import dataclass, field
from enum import StrEnum

from shared.kit.errors import NotFound

DISPLAY_NAME_MAX = 40


class AccountNotFound(NotFound):
    """There is no such account."""


class IdentityKind(StrEnum):
    """By what a person proves who they are."""

    PHONE = "phone"
    WECHAT = "wechat"


@dataclass(frozen=True, slots=True)
class Identity:
    """A proven phone number (E.164) or WeChat openid; it belongs to one account at most."""

    kind: IdentityKind
    text: str = field(repr=False)  # Personal, so it stays out of logs.
