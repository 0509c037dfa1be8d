"""Change an address."""

from services.user.domain.address import AddressDetails, Region, check_address
from services.user.storage.accounts import own_account_for_update
from services.user.storage.addresses import Address, address_of, rewrite_address
from shared.contracts.ids import AddressId
from shared.contracts.user import AddressChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def change_address(
    tx: Transaction,
    caller: Caller,
    address_id: AddressId,
    details: AddressDetails,
    region: Region | None,
) -> Address:
    """The new details take the place of the old; orders keep what they were placed with.

    Raises AddressInvalid, AddressNotFound, AccountNotFound. Tells user.address_changed.v1.
    """
    account = await own_account_for_update(tx, caller)
    address = await address_of(tx, caller, address_id)

    check_address(details, region)

    await rewrite_address(tx, caller, address, details)

    tx.publish(AddressChanged(account_id=account.id, address_id=address.id))
    return address
