"""Parts that several requests and views of this service share."""

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.promotion.domain.campaign import CampaignCode
from shared.texts import Printable

LIMIT_MAX = 100

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")]
CodePath = Annotated[CampaignCode, Path(description="Small letters, digits and hyphens.")]
CodeCursor = Annotated[
    str, Query(max_length=40, description="`next_cursor` of the page before; none for the first.")
]
AcceptLanguage = Annotated[str, Header(max_length=500)]
Reason = Annotated[
    Printable, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)
]


class Request(BaseModel):
    """A body that says what it means: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """An answer read from a row or from plain fields."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)
