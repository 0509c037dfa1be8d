"""Rows of accounts and their roles; phone, openid and name are sealed here."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Uuid, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.user.domain.account import AccountNotFound, Identity, IdentityKind
from services.user.storage import Row
from shared.contracts.ids import AccountId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction
from shared.locales import Locale
from shared.privacy.sealing import seal, unseal


class Account(Row):
    """One person. What identifies them is sealed, and found by a blind index."""

    __tablename__ = "accounts"

    locale: Mapped[Locale] = mapped_column(one_of(Locale, "locale"))
    created_at: Mapped[datetime]
    large_text: Mapped[bool] = mapped_column(default=False)  # Asks the mini-program for big type.
    phone: Mapped[bytes | None] = mapped_column(default=None)
    phone_index: Mapped[bytes | None] = mapped_column(unique=True, default=None)
    openid: Mapped[bytes | None] = mapped_column(default=None)
    openid_index: Mapped[bytes | None] = mapped_column(unique=True, default=None)
    display_name: Mapped[bytes | None] = mapped_column(default=None)
    id: Mapped[AccountId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)

    __table_args__ = (
        CheckConstraint("(phone IS NULL) = (phone_index IS NULL)", name="phone_found"),
        CheckConstraint("(openid IS NULL) = (openid_index IS NULL)", name="openid_found"),
    )


class AccountRole(Row):
    """A role that an account may act in."""

    __tablename__ = "account_roles"

    account_id: Mapped[AccountId] = mapped_column(Uuid, ForeignKey("accounts.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(one_of(Role, "role"), primary_key=True)
    granted_at: Mapped[datetime]

    # Nobody logs in as the system.
    __table_args__ = (CheckConstraint("role <> 'system'", name="grantable"),)


def phone_index(tx: Transaction, phone: str) -> bytes:
    """The blind index of a phone number."""
    return tx.keyring.index(f"phone {phone}")


async def account_of_identity(tx: Transaction, identity: Identity) -> Account | None:
    """The account of a proven identity, and a lock on the identity: nobody else registers it."""
    index = tx.keyring.index(f"{identity.kind} {identity.text}")
    lock = int.from_bytes(index[:8], signed=True)
    await tx.run("SELECT pg_advisory_xact_lock($1::bigint)", lock)
    column = {
        IdentityKind.PHONE: Account.phone_index,
        IdentityKind.WECHAT: Account.openid_index,
    }[identity.kind]
    account: Account | None = await tx.session.scalar(select(Account).where(column == index))
    return account


async def new_account(tx: Transaction, identity: Identity, locale: Locale) -> Account:
    """A fresh account of this identity, which is sealed; it holds the user role."""
    account = Account(locale=locale, created_at=tx.now)
    index = tx.keyring.index(f"{identity.kind} {identity.text}")
    if identity.kind is IdentityKind.PHONE:
        account.phone = await seal(tx, account.id, "accounts.phone", account.id, identity.text)
        account.phone_index = index
    else:
        account.openid = await seal(tx, account.id, "accounts.openid", account.id, identity.text)
        account.openid_index = index
    tx.add(account)
    await tx.session.flush()
    tx.add(AccountRole(account_id=account.id, role=Role.USER, granted_at=tx.now))
    return account


async def account_of(tx: Transaction, caller: Caller) -> Account:
    """The caller's own account. Raises AccountNotFound."""
    account = await tx.session.get(Account, caller.id)
    if account is None:
        raise AccountNotFound(f"No account {caller.id}.")
    return account


async def account_for_update(tx: Transaction, account_id: AccountId) -> Account:
    """The account, locked until the transaction ends. Raises AccountNotFound."""
    mine = select(Account).where(Account.id == account_id).with_for_update()
    account: Account | None = await tx.session.scalar(mine)
    if account is None:
        raise AccountNotFound(f"No account {account_id}.")
    return account


async def own_account_for_update(tx: Transaction, caller: Caller) -> Account:
    """The caller's own account, locked. Raises AccountNotFound."""
    return await account_for_update(tx, AccountId(caller.id))


async def roles_of(tx: Transaction, account_id: AccountId) -> frozenset[Role]:
    """The roles that an account may act in now."""
    held = select(AccountRole.role).where(AccountRole.account_id == account_id)
    return frozenset(await tx.session.scalars(held))


async def add_role(tx: Transaction, account_id: AccountId, role: Role) -> bool:
    """Give an account a role; False if it held it before."""
    row = {"account_id": account_id, "role": role, "granted_at": tx.now}
    added = insert(AccountRole).values(row).on_conflict_do_nothing().returning(AccountRole.role)
    return (await tx.session.scalar(added)) is not None


async def seal_display_name(tx: Transaction, account: Account, name: str) -> None:
    """Keep a person's name, sealed; an empty one forgets it."""
    account.display_name = None
    if name:
        place = "accounts.display_name"
        account.display_name = await seal(tx, account.id, place, account.id, name)


async def open_phone(tx: Transaction, account: Account) -> str:
    """The phone in clear, to be masked; empty if none is known."""
    if account.phone is None:
        return ""
    return await unseal(tx, account.id, "accounts.phone", account.id, account.phone)


async def open_display_name(tx: Transaction, account: Account) -> str:
    """The name in clear, to be masked; empty if none is known."""
    if account.display_name is None:
        return ""
    place = "accounts.display_name"
    return await unseal(tx, account.id, place, account.id, account.display_name)
