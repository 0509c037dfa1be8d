"""What the request bodies, headers and pages of the user service have in common."""

from typing import Annotated

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict

from shared.locales import Locale, locale_named

PAGE_MAX = 100
PAGE_DEFAULT = 20


class Body(BaseModel):
    """A request body: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


async def _asked_locale(
    accept_language: Annotated[str, Header(max_length=200)] = "",
) -> Locale | None:
    return locale_named(accept_language)


LocaleDep = Annotated[Locale | None, Depends(_asked_locale)]
"""The language that the request asks for; None if it names none of ours."""

PageSize = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at most.")]
