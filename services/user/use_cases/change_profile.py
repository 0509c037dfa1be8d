"""Change what a person says about themselves."""

from services.user.storage.accounts import Account, own_account_for_update, seal_display_name
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.locales import Locale


async def change_profile(
    tx: Transaction,
    caller: Caller,
    display_name: str | None,
    locale: Locale | None,
    large_text: bool | None,
) -> Account:
    """What is given is changed, the rest stays; an empty name is forgotten.

    Raises AccountNotFound.
    """
    account = await own_account_for_update(tx, caller)

    if display_name is not None:
        await seal_display_name(tx, account, display_name.strip())
    account.locale = locale or account.locale
    account.large_text = account.large_text if large_text is None else large_text

    return account
