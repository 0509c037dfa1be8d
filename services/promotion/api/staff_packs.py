"""Staff's desk for packs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body

from services.promotion.api.shapes import CodePath, Reason, Request, View
from services.promotion.domain.campaign import CampaignNotFound
from services.promotion.domain.pack import PackCampaigns, PackNotFound
from services.promotion.storage.packs import pack_of
from services.promotion.use_cases.put_pack import put_pack
from shared.kit.web import BeginDep, ReadDep, StaffCaller, problems

router = APIRouter(prefix="/staff/promotion/packs", tags=["staff"])


class PackRequest(Request):
    """The campaigns that the pack gives a coupon of, and why."""

    campaigns: PackCampaigns
    reason: Reason


class PackView(View):
    """A pack as it stands, and who decided so last."""

    code: str
    campaigns: list[str]
    changed_by: UUID
    reason: str
    changed_at: datetime


class PutView(PackView):
    """The pack after a PUT, and whether that changed anything."""

    changed: bool


_PUT = Body(
    openapi_examples={
        "the welcome pack": {
            "value": {
                "campaigns": ["first-order-20", "clean-100", "repair-50"],
                "reason": "What new users get from today.",
            }
        }
    }
)


@router.put("/{code}", responses=problems(CampaignNotFound))
async def put_one(
    code: CodePath, body: Annotated[PackRequest, _PUT], caller: StaffCaller, begin: BeginDep
) -> PutView:
    """Make a pack, or change what it gives from now on.

    The pack `welcome` comes with every new account. A campaign that has run out, or is not open,
    is left out of a pack; the rest is given.
    """
    async with begin() as tx:
        changed = await put_pack(tx, caller, code, body.campaigns, body.reason)
        holds = PackView.model_validate(await pack_of(tx, code))
    return PutView(**holds.model_dump(), changed=changed)


@router.get("/{code}", responses=problems(PackNotFound))
async def get_one(code: CodePath, caller: StaffCaller, read: ReadDep) -> PackView:
    """One pack."""
    async with read() as tx:
        return PackView.model_validate(await pack_of(tx, code))
