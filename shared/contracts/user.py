"""What the user service tells the fleet; keyed by account."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.ids import AccountId, AddressId
from shared.kit.caller import Role
from shared.kit.events import Event


class AccountEvent(Event):
    """Something about one account."""

    account_id: AccountId

    def key(self) -> UUID:
        return self.account_id


class UserRegistered(AccountEvent):
    """A person opened an account."""

    type: ClassVar[str] = "user.registered.v1"


class RoleGranted(AccountEvent):
    """An account may now act in one more role."""

    type: ClassVar[str] = "user.role_granted.v1"
    role: Role


class AddressChanged(AccountEvent):
    """An address was added, changed or removed; its lines stay with the user service."""

    type: ClassVar[str] = "user.address_changed.v1"
    address_id: AddressId
    removed: bool = False
