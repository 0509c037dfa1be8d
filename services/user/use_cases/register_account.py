"""Find the account of somebody who has proven who they are, or open one."""

from services.user.domain.account import Identity
from services.user.storage.accounts import Account, account_of_identity, new_account
from shared.contracts.user import UserRegistered
from shared.kit.session import Transaction
from shared.locales import Locale


async def register_account(tx: Transaction, identity: Identity, locale: Locale) -> Account:
    """The first login of a phone or a WeChat account opens an account.

    Tells user.registered.v1.
    """
    known = await account_of_identity(tx, identity)
    if known is not None:
        return known

    account = await new_account(tx, identity, locale)

    tx.publish(UserRegistered(account_id=account.id))
    return account
