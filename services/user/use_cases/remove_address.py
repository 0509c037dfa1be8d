"""Remove an address from a person's address book."""

from services.user.storage.accounts import own_account_for_update
from services.user.storage.addresses import address_of, latest_address, make_default
from shared.contracts.ids import AddressId
from shared.contracts.user import AddressChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def remove_address(tx: Transaction, caller: Caller, address_id: AddressId) -> None:
    """When the default goes, the latest of the others takes its place.

    Raises AddressNotFound, AccountNotFound. Tells user.address_changed.v1.
    """
    account = await own_account_for_update(tx, caller)
    address = await address_of(tx, caller, address_id)

    await tx.session.delete(address)
    await tx.session.flush()
    heir = await latest_address(tx, account.id) if address.is_default else None
    if heir is not None:
        await make_default(tx, heir)

    tx.publish(AddressChanged(account_id=account.id, address_id=address_id, removed=True))
