"""Let an account act in one more role."""

from services.user.storage.accounts import account_for_update, add_role
from shared.contracts.ids import AccountId
from shared.contracts.user import RoleGranted
from shared.kit.caller import Role
from shared.kit.session import Transaction


async def grant_role(tx: Transaction, account_id: AccountId, role: Role) -> None:
    """The role is in every token issued from now on; who holds it already is told nothing.

    Raises AccountNotFound. Tells user.role_granted.v1.
    """
    account = await account_for_update(tx, account_id)

    if not await add_role(tx, account.id, role):
        return

    tx.publish(RoleGranted(account_id=account.id, role=role))
