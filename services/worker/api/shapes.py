"""Parts that several requests and views of this service share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from services.worker.domain.area import RADIUS_MAX_M, RADIUS_MIN_M
from services.worker.domain.worker import LEVEL_MAX, LEVEL_MIN, CodeRepeated

PAGE_MAX = 100
CODES_MAX = 40

Code = Annotated[str, StringConstraints(min_length=2, max_length=40)]
# One line that people wrote: no control characters, which no database or screen wants.
Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
Reason = Annotated[Line, Field(min_length=3, max_length=500)]


class Request(BaseModel):
    """A body that says what it means: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """An answer read from a row or from plain fields."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class PlaceRequest(Request):
    """A place in WGS-84 degrees."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lng: float = Field(ge=-180, le=180, allow_inf_nan=False)


class SkillRequest(Request):
    """A skill at a level from 1 to 5."""

    code: Code
    level: StrictInt = Field(ge=LEVEL_MIN, le=LEVEL_MAX)


class AreaRequest(Request):
    """Where a worker takes jobs. No districts means everywhere within the radius."""

    base: PlaceRequest
    radius_m: StrictInt = Field(ge=RADIUS_MIN_M, le=RADIUS_MAX_M)
    districts: list[Annotated[str, StringConstraints(max_length=2)]] = Field(
        default=[], max_length=18
    )


def levels_of(skills: list[SkillRequest]) -> dict[str, int]:
    """The level by code. Raises CodeRepeated."""
    levels: dict[str, int] = {}
    for place, skill in enumerate(skills):
        if skill.code in levels:
            raise CodeRepeated(field=f"skills.{place}.code", reason=f"{skill.code} is named twice")
        levels[skill.code] = skill.level
    return levels
