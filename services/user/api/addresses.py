"""One's own address book, and the address that another service asks for."""

from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from services.user.api.address_views import (
    AddressBody,
    AddressView,
    OpenAddressView,
    block_view,
    door_view,
)
from services.user.api.bodies import PAGE_DEFAULT, PageSize
from services.user.domain.account import AccountNotFound
from services.user.domain.address import (
    AddressInvalid,
    AddressNotFound,
    TooManyAddresses,
)
from services.user.storage.addresses import address_of, addresses_of
from services.user.use_cases.add_address import add_address
from services.user.use_cases.change_address import change_address
from services.user.use_cases.choose_default_address import choose_default_address
from services.user.use_cases.remove_address import remove_address
from shared.contracts.ids import AddressId
from shared.kit.web import BeginDep, InternalCaller, OnceDep, ReadDep, UserCaller, problems

router = APIRouter(prefix="/me/addresses", tags=["addresses"])
internal = APIRouter(prefix="/internal/addresses", tags=["internal"])


class AddressAdded(BaseModel):
    """A new address, without its lines: the answer is kept for replays, where nothing is sealed."""

    model_config = ConfigDict(from_attributes=True)

    address_id: AddressId = Field(validation_alias=AliasChoices("id", "address_id"))
    is_default: bool


class AddressPage(BaseModel):
    """Some of the addresses; ``next_cursor`` asks for those after them."""

    items: list[AddressView]
    next_cursor: AddressId | None


@router.get("")
async def get_addresses(
    caller: UserCaller,
    read: ReadDep,
    cursor: AddressId | None = None,
    limit: PageSize = PAGE_DEFAULT,
) -> AddressPage:
    """Your addresses, newest first, each down to the block."""
    async with read() as tx:
        found = await addresses_of(tx, caller, cursor, limit)
        items = [await block_view(tx, address) for address in found]
    return AddressPage(items=items, next_cursor=found[-1].id if len(found) == limit else None)


@router.post(
    "",
    status_code=201,
    responses=problems(AddressInvalid, TooManyAddresses, AccountNotFound),
)
async def post_address(body: AddressBody, caller: UserCaller, once: OnceDep) -> AddressAdded:
    """Add an address. The first one becomes the default."""
    return await once(AddressAdded, add_address, caller, body.details(), body.region)


@router.get("/{address_id}", responses=problems(AddressNotFound))
async def get_address(
    address_id: AddressId, caller: UserCaller, begin: BeginDep
) -> OpenAddressView:
    """One of your addresses, to the door. The look at it is recorded."""
    async with begin.alone() as tx:  # The look is recorded before anything is answered.
        address = await address_of(tx, caller, address_id)
        return await door_view(tx, caller, "owner looks at their address", address)


@router.put("/{address_id}", responses=problems(AddressInvalid, AddressNotFound, AccountNotFound))
async def put_address(
    address_id: AddressId, body: AddressBody, caller: UserCaller, begin: BeginDep
) -> AddressView:
    """Put new details in the place of the old. Orders keep what they were placed with."""
    async with begin() as tx:
        address = await change_address(tx, caller, address_id, body.details(), body.region)
        return await block_view(tx, address)


@router.delete(
    "/{address_id}", status_code=204, responses=problems(AddressNotFound, AccountNotFound)
)
async def delete_address(address_id: AddressId, caller: UserCaller, begin: BeginDep) -> None:
    """Remove an address. If it was the default, the latest of the others takes its place."""
    async with begin() as tx:
        await remove_address(tx, caller, address_id)


@router.put("/{address_id}/default", responses=problems(AddressNotFound, AccountNotFound))
async def put_default_address(
    address_id: AddressId, caller: UserCaller, begin: BeginDep
) -> AddressView:
    """Let this address be the one that orders start from; it stays so if it is already."""
    async with begin() as tx:
        address = await choose_default_address(tx, caller, address_id)
        return await block_view(tx, address)


@internal.get("/{address_id}", responses=problems(AddressNotFound))
async def get_address_for_order(
    address_id: AddressId, caller: InternalCaller, begin: BeginDep
) -> OpenAddressView:
    """An address of the user that the caller acts for, to the door. The look is recorded."""
    async with begin.alone() as tx:  # The look is recorded before anything is answered.
        address = await address_of(tx, caller, address_id)
        return await door_view(tx, caller, "an order is priced or placed there", address)
