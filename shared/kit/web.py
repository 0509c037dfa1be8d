"""FastAPI glue: who calls, the transaction, idempotency, and problems on the wire."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.models import HTTPBearer
from fastapi.responses import JSONResponse
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from shared.kit import errors, metrics
from shared.kit.caller import Caller, Role
from shared.kit.database import problem_of
from shared.kit.edge import Edge, InvalidRequest
from shared.kit.errors import Problem, Refused
from shared.kit.log import get_logger
from shared.kit.once import Once, RequestKey
from shared.kit.runtime import Kit, Wiring
from shared.kit.session import Begin, Opening
from shared.tokens import AccessClaims, TokenRefused

TYPE_BASE = "https://api.jajaya.hk/problems/"
PROBLEM_JSON = "application/problem+json"
KEY_LENGTH_MAX = 255
_CODES = {404: "route-not-found", 405: "method-not-allowed", 413: "body-too-large"}
_KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX}
_PROBLEM_CONTENT = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `type` ends in a stable kebab-case code; facts are further members.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "status": {"type": "integer"},
        **{name: {"type": "string"} for name in ("title", "detail", "instance")},
    },
    "additionalProperties": True,
}

log = get_logger(__name__)


class TokenMissing(errors.Unauthenticated):
    """The request carries no bearer token."""


class RoleMissing(errors.Forbidden):
    """Your account does not hold the role this route is for."""


class IdempotencyKeyMissing(errors.BadRequest):
    """This request must carry an Idempotency-Key header of 1 to 255 characters."""


_AUTH = (TokenMissing, TokenRefused, RoleMissing)
_ANY_ROUTE = (IdempotencyKeyMissing, *_AUTH, InvalidRequest, errors.Unavailable)


def kit_of(request: Request) -> Kit:
    """The kit of the service that answers this request."""
    kit: Kit = request.app.state.kit
    return kit


def _held(part: Callable[[Kit], Any]) -> Callable[[Request], Awaitable[Any]]:
    async def found(request: Request) -> Any:
        return part(kit_of(request))

    return found


BeginDep = Annotated[Begin, Depends(_held(lambda kit: kit.begin))]
ReadDep = Annotated[Opening, Depends(_held(lambda kit: kit.begin.alone))]
"""Reads that need no transaction around them: ``async with read() as tx``."""
StaleBeginDep = Annotated[Begin, Depends(_held(lambda kit: kit.begin_stale))]
"""Reads that may be some seconds old: the replica, where there is one."""


@dataclass(frozen=True)
class Guard(SecurityBase):
    """Asks who calls; by itself, as each dependency below another costs every request."""

    ask: Callable[[Request], Awaitable[Any]]
    model = HTTPBearer(description="`make token role=user` prints one.")
    scheme_name = "HTTPBearer"

    async def __call__(self, request: Request) -> Any:
        return await self.ask(request)


async def claims_of(request: Request) -> AccessClaims:
    """Who the token says is calling. Raises TokenMissing, TokenRefused."""
    kit = kit_of(request)
    return await kit.user_tokens.verify(_token(request), kit.clock.now())


def acting(role: Role) -> Guard:
    """The caller in the role that this route is for."""

    async def caller(request: Request) -> Caller:
        claims = await claims_of(request)
        if role not in claims.roles:
            raise RoleMissing(f"This route is for the role {role}.", role=role)
        return Caller(claims.account_id, role)

    return Guard(caller)


async def _inside(request: Request) -> Caller:
    kit = kit_of(request)
    return kit.service_tokens.verify(_token(request), kit.clock.now())[1]


def _token(request: Request) -> str:
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing("Send `Authorization: Bearer <token>`.")
    return token


USER, WORKER, STAFF = map(acting, (Role.USER, Role.WORKER, Role.STAFF))
ANY_ACCOUNT, INSIDE = Guard(claims_of), Guard(_inside)
ClaimsDep = Annotated[AccessClaims, Depends(ANY_ACCOUNT)]
UserCaller = Annotated[Caller, Depends(USER)]
WorkerCaller = Annotated[Caller, Depends(WORKER)]
StaffCaller = Annotated[Caller, Depends(STAFF)]
InternalCaller = Annotated[Caller, Depends(INSIDE)]
"""On ``/internal`` routes: the caller that the calling service acts for."""


def port(name: str) -> Callable[[Request], Awaitable[Any]]:
    """Hands a route what ``app.py`` wired by this name: ``Annotated[Port, Depends(port("x"))]``."""
    return _held(lambda kit: kit.ports[name])


async def _once(
    request: Request,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=KEY_LENGTH_MAX)] = None,
) -> Once:
    if not idempotency_key:
        raise IdempotencyKeyMissing(field="Idempotency-Key", reason="missing")

    def replayed() -> None:
        response.headers["Idempotent-Replayed"] = "true"

    claims = await claims_of(request)
    scope = f"{request.method} {request.url.path} {claims.account_id}"
    key = RequestKey(scope, idempotency_key, _fingerprint(await request.body()))
    return Once(kit_of(request).begin, key, replayed)


OnceDep = Annotated[Once, Depends(_once)]


def _fingerprint(body: bytes) -> bytes:
    """SHA-256 of the body in canonical form: spaces and the order of keys do not matter."""
    with suppress(ValueError, TypeError):  # No JSON (a file), or too deep: the bytes themselves.
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).digest()


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route, so that OpenAPI lists what it may refuse."""
    listed: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = listed.setdefault(kind.status, {"description": "", "content": _PROBLEM_CONTENT})
        line = f"`{kind.code()}`: {kind.title()}"
        entry["description"] = f"{entry['description']}\n\n{line}".strip()
    return listed


async def answer_fault(request: Request, fault: Exception) -> Response:
    """A fault as a problem document of RFC 9457, its facts as extension members."""
    code, status, title, detail, facts = _told(fault)
    body = {"type": TYPE_BASE + code, "title": title, "status": status, "detail": detail}
    body |= {"instance": request.url.path}
    body |= {name: fact for name, fact in facts.items() if fact is not None}
    headers = dict(getattr(fault, "headers", None) or {})
    if "retry_after_seconds" in facts:
        headers["Retry-After"] = str(max(1, round(facts["retry_after_seconds"])))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    content = json.dumps(body, ensure_ascii=False, default=str).encode()
    return Response(content, status, headers, PROBLEM_JSON)


def _told(fault: Exception) -> tuple[str, int, str, str, dict[str, Any]]:
    """Code, status, title, detail and facts of what is said about a fault."""
    match fault:
        case Refused():
            return fault.peer_code, fault.peer_status, fault.title(), fault.detail, fault.facts
        case Problem():
            return fault.code(), fault.status, fault.title(), fault.detail, fault.facts
        case HTTPException(status_code=400):  # Of the framework: what it could not read.
            return _told(InvalidRequest(field="body", reason=str(fault.detail)))
        case HTTPException():
            code = _CODES.get(fault.status_code, "http-error")
            return code, fault.status_code, str(fault.detail), "", {}
        case RequestValidationError():
            broken = [
                {"field": ".".join(str(part) for part in error["loc"]), "reason": error["msg"]}
                for error in fault.errors()[:20]
            ]
            return _told(InvalidRequest(**broken[0], errors=broken))
    if (problem := problem_of(fault)) is not None:
        return _told(problem)
    log.error("request.failed", exc_info=fault)
    title = "Something went wrong on our side; the request id names it to us."
    return "internal", 500, title, "", {}


def new_app(kit: Kit, wiring: Wiring) -> FastAPI:
    """A service's web application: routers, problems for every fault, health, metrics, docs."""
    app = FastAPIOffline(
        title=f"JAJAYA {kit.name}",
        version="1",
        description=wiring.description,
        responses=problems(*_ANY_ROUTE),
    )
    app.state.kit = kit
    kit.ports.update(wiring.ports)
    for router in wiring.routers:
        app.include_router(router)
    _add_health(app, kit)
    for kind in (Problem, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer_fault)
    # Starlette raises after its own handler for Exception; the edge answers instead, quietly.
    app.add_middleware(Edge, answer=answer_fault, bytes_max=kit.settings.request_bytes_max)
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        """With the schema that every route's refusals point to, and the key that is required."""
        document = plain()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
        for operations in document["paths"].values():
            for operation in operations.values():
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] == "idempotency-key":  # We refuse its lack ourselves.
                        parameter |= {"required": True, "schema": _KEY_SCHEMA}
        return document

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _add_health(app: FastAPI, kit: Kit) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"state": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        failing = await kit.not_ready()
        return JSONResponse({"failing": failing}, 503 if failing else 200)

    @app.get("/metrics", include_in_schema=False)
    async def scrape() -> Response:
        metrics.db_pool_in_use.set(kit.pool_in_use())
        return Response(metrics.render(), media_type="text/plain; version=0.0.4")
