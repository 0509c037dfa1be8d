"""One's own profile."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StrictBool

from services.user.api.bodies import Body
from services.user.domain.account import DISPLAY_NAME_MAX, AccountNotFound
from services.user.storage.accounts import (
    Account,
    account_of,
    open_display_name,
    open_phone,
    roles_of,
)
from services.user.use_cases.change_profile import change_profile
from shared.contracts.ids import AccountId
from shared.kit.caller import Role
from shared.kit.session import Transaction
from shared.kit.web import BeginDep, ReadDep, UserCaller, problems
from shared.locales import Locale
from shared.privacy import masks
from shared.texts import Printable

router = APIRouter(prefix="/me", tags=["profile"])


class ProfileChange(Body):
    """What is to change; what is left out stays, an empty name is forgotten."""

    display_name: Annotated[Printable, Field(max_length=DISPLAY_NAME_MAX)] | None = None
    locale: Locale | None = None
    large_text: StrictBool | None = None


class ProfileView(BaseModel):
    """A person as they see themselves; phone and name are masked."""

    account_id: AccountId
    display_name: str = Field(examples=["陳**"])
    phone: str = Field(examples=["6*** **34"])
    has_wechat: bool
    locale: Locale
    large_text: bool = Field(description="Asks the mini-program for large type.")
    roles: list[Role]
    created_at: datetime


@router.get("", responses=problems(AccountNotFound))
async def get_me(caller: UserCaller, read: ReadDep) -> ProfileView:
    """Your profile."""
    async with read() as tx:
        return await _view(tx, await account_of(tx, caller))


@router.put("", responses=problems(AccountNotFound))
async def put_me(body: ProfileChange, caller: UserCaller, begin: BeginDep) -> ProfileView:
    """Change your profile: only the fields that are given."""
    async with begin() as tx:
        account = await change_profile(tx, caller, body.display_name, body.locale, body.large_text)
        return await _view(tx, account)


async def _view(tx: Transaction, account: Account) -> ProfileView:
    name, phone = await open_display_name(tx, account), await open_phone(tx, account)
    return ProfileView(
        account_id=account.id,
        display_name=masks.name(name) if name else "",
        phone=masks.phone(phone) if phone else "",
        has_wechat=account.openid is not None,
        locale=account.locale,
        large_text=account.large_text,
        roles=sorted(await roles_of(tx, account.id)),
        created_at=account.created_at,
    )
