"""What the user service needs from outside itself."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from shared.kit.caller import Role
from shared.kit.errors import Unauthenticated


class WechatCodeRefused(Unauthenticated):
    """WeChat does not accept this login code: it is wrong, old or used."""


class Sms(Protocol):
    """The message carrier."""

    async def send(self, to: str, text: str) -> None:
        """Hand a message over for delivery. Raises PhoneUnreachable, Unavailable."""


class Wechat(Protocol):
    """WeChat's login server for mini-programs."""

    async def openid_of(self, code: str) -> str:
        """The person behind a login code, which serves once.

        Raises WechatCodeRefused, Unavailable.
        """


class Entropy(Protocol):
    """Where secrets come from."""

    def login_code(self) -> str:
        """Six digits nobody can guess."""

    def refresh_token(self) -> str:
        """256 random bits as text."""


class AccessTokens(Protocol):
    """Signs the fleet's access tokens."""

    ttl_seconds: int

    def sign(
        self, account_id: UUID, roles: AbstractSet[Role], session_id: UUID, now: datetime
    ) -> str:
        """A token that says who its bearer is and in which roles they may act."""

    def jwks(self) -> dict[str, Any]:
        """The public keys by which others verify."""
