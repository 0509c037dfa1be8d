"""What each service's routes take and answer, without the words: what a client is built on."""

from collections.abc import Iterable
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

WORDS = {"description", "summary", "title", "examples", "example", "tags", "operationId"}


def shape_of(service: str, routes: Iterable[APIRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes, less what only people read."""
    document = get_openapi(title=service, version="1", routes=list(routes))
    shape: dict[str, Any] = _without_words(document, are_names=False)
    return shape


def _without_words(value: Any, *, are_names: bool) -> Any:
    """Under ``properties`` and ``schemas`` the keys are names, which may be such a word."""
    match value:
        case dict():
            return {
                key: _without_words(inner, are_names=key in {"properties", "schemas"})
                for key, inner in value.items()
                if are_names or key not in WORDS
            }
        case list():
            return [_without_words(inner, are_names=False) for inner in value]
    return value
