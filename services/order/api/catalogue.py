"""HTTP for whoever looks at what can be ordered; no login needed."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import AfterValidator, BaseModel

from services.order.api.catalogue_views import (
    CategoryList,
    CategoryView,
    OfferingDetail,
    OfferingPage,
    offering_detail,
    offering_view,
)
from services.order.domain.catalogue import OfferingNotFound
from services.order.domain.districts import CODES
from services.order.domain.search import tokens_asked
from services.order.storage.catalogue import offering_of
from services.order.storage.catalogue_lists import Wanted, offerings_shown
from services.order.storage.catalogue_snapshot import CatalogueInMemory, Snapshot
from shared.kit.log import get_logger
from shared.kit.web import (
    Guard,
    ReadDep,
    StaleBeginDep,
    claims_of,
    port,
    problems,
)
from shared.locales import Locale, locale_asked

QUERY_LENGTH_MAX = 60

log = get_logger(__name__)


async def _reader(request: Request) -> None:
    """A token is not needed here, but one that is sent must be good: its owner learns in time."""
    if "authorization" in request.headers:
        await claims_of(request)


def _known(district: str) -> str:
    if district not in CODES:
        raise ValueError(f"is not one of {', '.join(sorted(CODES))}")
    return district


router = APIRouter(prefix="/catalog", tags=["catalogue"], dependencies=[Depends(Guard(_reader))])

CatalogueDep = Annotated[CatalogueInMemory, Depends(port("catalogue"))]
Language = Annotated[str, Header(max_length=200, examples=["zh-HK", "zh-CN", "en"])]
SeenTag = Annotated[str | None, Header(max_length=1000)]
CodeAsked = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
DistrictAsked = Annotated[str | None, Query(max_length=2, examples=["ST"]), AfterValidator(_known)]
_UNCHANGED: dict[int | str, dict[str, str]] = {304: {"description": "As you have it (ETag)."}}


@router.get("/categories", response_model=CategoryList, responses=_UNCHANGED)
async def get_categories(
    catalogue: CatalogueDep, accept_language: Language = "", if_none_match: SeenTag = None
) -> Response:
    """Every category with its range of prices, in the language of `Accept-Language`.

    Languages are zh-HK, zh-CN and en. Send the ETag of the last answer as `If-None-Match`: 304 says
    that nothing changed.
    """
    locale = locale_asked(accept_language)
    snapshot = await catalogue.now()
    if locale not in snapshot.rendered:
        snapshot.rendered[locale] = _rendered(_categories(snapshot, locale))
    return _answer(*snapshot.rendered[locale], locale, if_none_match)


@router.get("/offerings", response_model=OfferingPage, responses=_UNCHANGED)
async def get_offerings(
    begin: StaleBeginDep,
    catalogue: CatalogueDep,
    category: CodeAsked = None,
    q: Annotated[str | None, Query(max_length=QUERY_LENGTH_MAX, examples=["通渠"])] = None,
    district: DistrictAsked = None,
    cursor: CodeAsked = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    accept_language: Language = "",
    if_none_match: SeenTag = None,
) -> Response:
    """What can be ordered, by category in its rank; with `q` what a search finds, best first.

    Searches read traditional and simplified Chinese and English, whichever language is shown.
    """
    locale = locale_asked(accept_language)
    words = (q or "").strip()
    tokens = tokens_asked(words, (await catalogue.now()).synonyms) if words else None
    wanted = Wanted(category, district, tokens)
    async with begin() as tx:
        found = await offerings_shown(tx, wanted, cursor, limit)
    if words and not found and cursor is None:
        log.info("catalogue.nothing_found", query=words, category=category, district=district)
    page = OfferingPage(
        locale=locale,
        items=[offering_view(offering, locale) for offering in found],
        next_cursor=found[-1].code if len(found) == limit else None,
    )
    return _answer(*_rendered(page), locale, if_none_match)


@router.get(
    "/offerings/{offering_id}",
    response_model=OfferingDetail,
    responses={**_UNCHANGED, **problems(OfferingNotFound)},
)
async def get_offering(
    offering_id: UUID,
    begin: ReadDep,
    accept_language: Language = "",
    if_none_match: SeenTag = None,
) -> Response:
    """One offering with its price book, every surcharge and extra, and the worker's checklist.

    One that is off sale is still shown, so that an old link explains itself.
    """
    locale = locale_asked(accept_language)
    async with begin() as tx:
        offering = await offering_of(tx, offering_id)
    return _answer(*_rendered(offering_detail(offering, locale)), locale, if_none_match)


def _categories(snapshot: Snapshot, locale: Locale) -> CategoryList:
    views = [CategoryView.of(category, locale) for category in snapshot.categories]
    return CategoryList(locale=locale, categories=views)


def _rendered(view: BaseModel) -> tuple[str, bytes]:
    """The ETag and the body of an answer."""
    body = view.model_dump_json().encode()
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"', body


def _answer(tag: str, body: bytes, locale: Locale, seen: str | None) -> Response:
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",  # Kept by the client, but asked about each time.
        "Content-Language": locale.value,
        "Vary": "Accept-Language",
    }
    if seen is not None and _matches(seen, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _matches(seen: str, tag: str) -> bool:
    """Whether an If-None-Match header names the tag; a proxy may have weakened it."""
    return any(one.strip().removeprefix("W/") in {tag, "*"} for one in seen.split(","))
