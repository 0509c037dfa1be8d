"""Add an address to a person's address book."""

from services.user.domain.address import (
    ADDRESSES_MAX,
    AddressDetails,
    Region,
    TooManyAddresses,
    check_address,
)
from services.user.storage.accounts import own_account_for_update
from services.user.storage.addresses import Address, count_addresses, make_default, new_address
from shared.contracts.user import AddressChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def add_address(
    tx: Transaction, caller: Caller, details: AddressDetails, region: Region | None
) -> Address:
    """The first address becomes the default.

    Raises AddressInvalid, TooManyAddresses, AccountNotFound. Tells user.address_changed.v1.
    """
    account = await own_account_for_update(tx, caller)

    check_address(details, region)
    there = await count_addresses(tx, account.id)
    if there >= ADDRESSES_MAX:
        raise TooManyAddresses(f"At most {ADDRESSES_MAX}.", max=ADDRESSES_MAX)

    address = await new_address(tx, caller, details)
    if not there:
        await tx.session.flush()
        await make_default(tx, address)

    tx.publish(AddressChanged(account_id=account.id, address_id=address.id))
    return address
