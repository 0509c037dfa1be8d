"""HTTP for staff: commission rules."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt

from services.payment.api.refunds import Limit
from services.payment.domain.commission import (
    RATE_MAX_BPS,
    RATE_MIN_BPS,
    Bracket,
    BracketsInvalid,
)
from services.payment.storage.commission_rules import CommissionRule, brackets_of, rules
from services.payment.use_cases.add_commission_rule import add_commission_rule
from shared.contracts.ids import AccountId
from shared.kit.once import KeyUsedForAnotherRequest
from shared.kit.session import Transaction
from shared.kit.web import IdempotencyKeyMissing, OnceDep, ReadDep, StaffCaller, problems
from shared.texts import Printable

router = APIRouter(prefix="/staff/payment/commission-rules", tags=["staff"])

VERSION_MAX = 2**62


class BracketBody(BaseModel):
    """The rate, in basis points, of the part of the base up to `upto_minor` cents."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    upto_minor: StrictInt | None = Field(ge=1, le=10**12)
    rate_bps: StrictInt = Field(ge=RATE_MIN_BPS, le=RATE_MAX_BPS)


class RuleRequest(BaseModel):
    """A new version of one category's rule; `*` is the rule of all categories without one."""

    model_config = ConfigDict(extra="forbid")

    category: str = Field(pattern=r"^(\*|[a-z][a-z0-9_-]{0,39})$")
    brackets: list[BracketBody] = Field(min_length=1, max_length=10)
    effective_at: AwareDatetime | None = None
    reason: Printable = Field(min_length=3, max_length=200)


class RuleView(BaseModel):
    """One version, with who made it and why."""

    version: int
    category: str
    brackets: list[BracketBody]
    effective_at: datetime
    made_at: datetime
    made_by: AccountId
    reason: str


class RulePage(BaseModel):
    """A page, newest first; `next_cursor` asks for the next, null at the end."""

    items: list[RuleView]
    next_cursor: int | None


def _view(rule: CommissionRule) -> RuleView:
    return RuleView(
        version=rule.version,
        category=rule.category,
        brackets=[BracketBody.model_validate(bracket) for bracket in brackets_of(rule)],
        effective_at=rule.effective_at,
        made_at=rule.made_at,
        made_by=rule.made_by,
        reason=rule.reason,
    )


@router.get("")
async def get_rules(
    caller: StaffCaller,
    read: ReadDep,
    category: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Annotated[int | None, Query(ge=1, le=VERSION_MAX)] = None,
    limit: Limit = 20,
) -> RulePage:
    """Every version ever made, newest first."""
    async with read() as tx:
        found = await rules(tx, category, cursor, limit)
    items = [_view(rule) for rule in found]
    return RulePage(items=items, next_cursor=items[-1].version if len(items) == limit else None)


@router.post(
    "",
    status_code=201,
    responses=problems(BracketsInvalid, IdempotencyKeyMissing, KeyUsedForAnotherRequest),
)
async def post_rule(
    body: Annotated[
        RuleRequest,
        Body(
            openapi_examples={
                "repair": {
                    "summary": "18 % up to HK$1,000, then 15 %, above HK$5,000 12 %",
                    "value": {
                        "category": "repair",
                        "brackets": [
                            {"upto_minor": 100000, "rate_bps": 1800},
                            {"upto_minor": 500000, "rate_bps": 1500},
                            {"upto_minor": None, "rate_bps": 1200},
                        ],
                        "reason": "yearly review",
                    },
                }
            }
        ),
    ],
    caller: StaffCaller,
    once: OnceDep,
) -> RuleView:
    """Make a new version.

    Orders captured from `effective_at` on follow it (now, without one); those captured before keep
    the version they were told.
    """
    brackets = [Bracket(one.upto_minor, one.rate_bps) for one in body.brackets]

    async def make(tx: Transaction) -> RuleView:
        what = (body.category, brackets, body.effective_at, body.reason)
        return _view(await add_commission_rule(tx, caller, *what))

    return await once(RuleView, make)
