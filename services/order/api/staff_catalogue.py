"""HTTP for staff who keep the catalogue: categories, offerings with their prices, synonyms."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.order.domain.catalogue import (
    BookInvalid,
    CategoryNotFound,
    CategoryTerms,
    OfferingNotFound,
    OfferingTerms,
    PriceBook,
    PriceDateInvalid,
)
from services.order.storage.catalogue import offering_row, prices_of
from services.order.storage.catalogue_changes import changes_of
from services.order.storage.catalogue_snapshot import CatalogueInMemory
from services.order.use_cases.put_category import put_category
from services.order.use_cases.put_offering import put_offering
from services.order.use_cases.put_synonyms import put_synonyms
from shared.kit.web import BeginDep, ReadDep, StaffCaller, port, problems
from shared.texts import PRINTABLE

router = APIRouter(prefix="/staff/order", tags=["staff: catalogue"])

CatalogueDep = Annotated[CatalogueInMemory, Depends(port("catalogue"))]
CodePath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["drain_unblocking"])]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200, pattern=PRINTABLE)
]
Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=PRINTABLE)
]


class CategoryRequest(CategoryTerms):
    """A category as it shall be, and why it is put so."""

    reason: Reason


class OfferingRequest(OfferingTerms):
    """An offering as it shall be, and why; its price holds from `effective_at`, or from now."""

    reason: Reason
    effective_at: AwareDatetime | None = None


class SynonymsRequest(BaseModel):
    """Every word that means the same to a search, in any language; why they are put."""

    model_config = ConfigDict(extra="forbid")

    words: list[Word] = Field(min_length=1, max_length=100)
    reason: Reason


class PutView(BaseModel):
    """What became of a thing that was put; `changed` is false when it was so already."""

    code: str
    changed: bool


class PutOfferingView(PutView):
    """The offering's id, by which it is ordered, and the version of the price book put."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    price_version: int


class PriceVersionView(BaseModel):
    """A price book, when it begins to hold, who wrote it and why."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    effective_at: datetime
    book: PriceBook
    written_at: datetime
    written_by: UUID
    reason: str


class StaffOffering(BaseModel):
    """An offering in all languages, as it can be put again, with every price it ever had."""

    id: UUID
    code: str
    terms: dict[str, Any]
    prices: list[PriceVersionView]


class ChangeView(BaseModel):
    """A change of the catalogue: who, when, why, from what to what."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    actor: UUID
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any]


class ChangePage(BaseModel):
    """Changes, newest first."""

    items: list[ChangeView]
    next_cursor: UUID | None


_PET_CARE = {
    "name": {"zh-HK": "寵物護理", "zh-CN": "宠物护理", "en": "Pet care"},
    "description": {
        "zh-HK": "上門梳洗及照顧",
        "zh-CN": "上门梳洗及照顾",
        "en": "Grooming and sitting at home",
    },
    "rank": 110,
    "on": True,
    "reason": "a new category",
}
_DOG_BATH = {
    "category": "pet_care",
    "name": {"zh-HK": "狗狗沖涼", "zh-CN": "狗狗洗澡", "en": "Dog bath"},
    "description": {
        "zh-HK": "上門沖涼及吹乾",
        "zh-CN": "上门洗澡及吹干",
        "en": "Bath and blow-dry at home",
    },
    "keywords": ["狗", "dog"],
    "stops": ["site"],
    "positions": [{"weight": 1, "skill": "pet_care", "level": 1}],
    "duration_minutes": 60,
    "minutes_per_unit": 45,
    "book": {
        "unit": "item",
        "base_minor": 38000,
        "included": 1,
        "per_unit_minor": 28000,
        "quantity_max": 4,
        "reference": {"floor_minor": 25000, "ceiling_minor": 60000, "source": "own survey, 2026"},
        "surcharges": [
            {
                "code": "night",
                "label": {"zh-HK": "夜間附加費", "zh-CN": "夜间附加费", "en": "Night"},
                "when": "night",
                "amount_minor": 10000,
            }
        ],
    },
    "reason": "first offering of the category",
}


@router.put("/categories/{code}")
async def put_category_route(
    code: CodePath,
    body: Annotated[CategoryRequest, Body(openapi_examples={"new": {"value": _PET_CARE}})],
    caller: StaffCaller,
    begin: BeginDep,
    catalogue: CatalogueDep,
) -> PutView:
    """Make or change a category; switched off (`on: false`), it is neither shown nor ordered from.

    The same again changes nothing. Users see it within a second.
    """
    terms = CategoryTerms.model_validate(body.model_dump(exclude={"reason"}))
    async with begin() as tx:
        changed = await put_category(tx, caller, code, terms, body.reason)
    catalogue.expire()
    return PutView(code=code, changed=changed)


@router.put(
    "/offerings/{code}", responses=problems(CategoryNotFound, BookInvalid, PriceDateInvalid)
)
async def put_offering_route(
    code: CodePath,
    body: Annotated[OfferingRequest, Body(openapi_examples={"new": {"value": _DOG_BATH}})],
    caller: StaffCaller,
    begin: BeginDep,
    catalogue: CatalogueDep,
) -> PutOfferingView:
    """Make or change an offering and its price; amounts are in cents.

    The price of the smallest order must lie in the market's range that `reference` names. Another
    price book gets a new version: quotes of the old one answer `price-changed` when ordered by, and
    orders placed keep theirs. With `effective_at` the price waits until then; the rest holds now,
    so that it must go with the price in force and with every price that waits already.
    """
    terms = OfferingTerms.model_validate(body.model_dump(exclude={"reason", "effective_at"}))
    async with begin() as tx:
        put = await put_offering(tx, caller, code, terms, body.reason, body.effective_at)
    catalogue.expire()
    return PutOfferingView.model_validate(put)


@router.get("/offerings/{code}", responses=problems(OfferingNotFound))
async def get_offering(code: CodePath, _: StaffCaller, begin: ReadDep) -> StaffOffering:
    """An offering in all languages with every price book it had or will have, newest first."""
    async with begin() as tx:
        row = await offering_row(tx, code)
        prices = await prices_of(tx, row.id)
    views = [PriceVersionView.model_validate(price) for price in prices]
    return StaffOffering(id=row.id, code=row.code, terms=row.terms, prices=views)


@router.put("/synonyms/{code}")
async def put_synonyms_route(
    code: CodePath,
    body: Annotated[
        SynonymsRequest,
        Body(
            openapi_examples={
                "drains": {
                    "value": {
                        "words": ["通渠", "drain", "塞廁"],
                        "reason": "asked for on the phone",
                    }
                }
            }
        ),
    ],
    caller: StaffCaller,
    begin: BeginDep,
    catalogue: CatalogueDep,
) -> PutView:
    """Say which words a search takes for the same. Every offering is indexed anew at once."""
    async with begin() as tx:
        changed = await put_synonyms(tx, caller, code, body.words, body.reason)
    catalogue.expire()
    return PutView(code=code, changed=changed)


@router.get("/catalogue-changes/{noun}/{code}")
async def get_changes(
    noun: Literal["category", "offering", "synonyms"],
    code: CodePath,
    _: StaffCaller,
    begin: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ChangePage:
    """Who changed a category, an offering or synonyms, when, why, and from what to what."""
    async with begin() as tx:
        found = await changes_of(tx, noun, code, cursor, limit)
    views = [ChangeView.model_validate(change) for change in found]
    return ChangePage(items=views, next_cursor=found[-1].id if len(found) == limit else None)
