"""The one route table: which service answers which path, longest prefix first.

``/internal`` is nobody's here, so no request from outside ever reaches it.
"""

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote_to_bytes

from gateway.problems import PathUnclear

API = "/api/v1"
METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})


class Door(Enum):
    """Who may pass before the service looks for itself."""

    PUBLIC = "public"  # No token: logging in, the catalogue.
    BEARER = "bearer"  # A valid access token of any role.
    NOTIFY = "notify"  # A payment channel: the service verifies the signature.


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table."""

    prefix: str
    service: str
    door: Door = Door.BEARER
    takes_files: bool = False


TABLE = (
    Route("/auth", "user", Door.PUBLIC),
    Route("/me", "user"),
    Route("/catalog", "order", Door.PUBLIC),
    Route("/recommendations", "order"),
    Route("/availability", "order"),
    Route("/price-quotes", "order"),
    Route("/orders", "order"),
    Route("/orders/state-machine", "order", Door.PUBLIC),
    Route("/jobs", "order", takes_files=True),
    Route("/pricing", "order"),
    Route("/support", "order"),
    Route("/workers", "worker"),
    Route("/workers/me/presence", "dispatch"),
    Route("/workers/me/positions", "dispatch"),
    Route("/workers/me/offers", "dispatch"),
    Route("/offers", "dispatch"),
    Route("/grab-hall", "dispatch"),
    Route("/heat-map", "dispatch"),
    Route("/payments", "payment"),
    Route("/payments/notify", "payment", Door.NOTIFY),
    Route("/refunds", "payment"),
    Route("/invoices", "payment"),
    Route("/wallet", "payment"),
    Route("/promotions", "promotion"),
    Route("/coupons", "promotion"),
    Route("/flash-sales", "promotion"),
    Route("/passes", "promotion"),
    Route("/points", "promotion"),
    Route("/tiers", "promotion"),
    Route("/gifts", "promotion"),
    Route("/group-buys", "promotion"),
    *(
        Route(f"/staff/{service}", service)
        for service in ("user", "order", "worker", "dispatch", "payment", "promotion")
    ),
)
JWKS = Route("/.well-known/jwks.json", "user", Door.PUBLIC)

_BY_SEGMENTS = {tuple(route.prefix.split("/")[1:]): route for route in TABLE}
_DEPTH_MAX = max(len(segments) for segments in _BY_SEGMENTS)
_UNREAL = frozenset({"", ".", ".."})
_CODE = re.compile(r"%([0-9A-Fa-f]{2})?")
# Encoded, these are read as structure by one reader and as text by another, or need no encoding.
_UNCLEAR = frozenset(b"/\\.%-_~" + bytes(range(0x20)) + b"\x7f") | frozenset(
    byte for byte in range(0x80) if chr(byte).isalnum()
)


def clear(raw: bytes) -> str:
    """The path as it stands on the wire, if it can be read in one way only. Raises PathUnclear."""
    try:
        path = raw.decode("ascii")
        if "%" in path:
            codes = [found[1] for found in _CODE.finditer(path)]
            if None in codes or any(int(code, 16) in _UNCLEAR for code in codes):
                raise PathUnclear
            unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError as odd:
        raise PathUnclear from odd
    if "\\" in path:
        raise PathUnclear
    return path


def find(path: str) -> tuple[Route, str] | None:
    """The route of a clear path and the path as the service knows it; None for nobody's."""
    if path == JWKS.prefix:
        return JWKS, path
    if not path.startswith(f"{API}/"):
        return None
    inner = path[len(API) :]
    segments = inner.split("/")[1:]
    # A path that climbs or repeats slashes may mean another one to the service behind.
    if not _UNREAL.isdisjoint(segments):
        return None
    for depth in range(min(_DEPTH_MAX, len(segments)), 0, -1):
        route = _BY_SEGMENTS.get(tuple(segments[:depth]))
        if route is not None:
            return route, inner
    return None
