"""Choose the address that orders start from."""

from services.user.storage.accounts import own_account_for_update
from services.user.storage.addresses import Address, address_of, make_default
from shared.contracts.ids import AddressId
from shared.contracts.user import AddressChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def choose_default_address(tx: Transaction, caller: Caller, address_id: AddressId) -> Address:
    """Exactly one address is the default: the account's lock and an index keep it so.

    Raises AddressNotFound, AccountNotFound. Tells user.address_changed.v1.
    """
    account = await own_account_for_update(tx, caller)
    address = await address_of(tx, caller, address_id)

    if address.is_default:
        return address

    await make_default(tx, address)

    tx.publish(AddressChanged(account_id=account.id, address_id=address.id))
    return address
