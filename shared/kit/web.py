"""FastAPI glue: who calls, the transaction, idempotency, and problems on the wire."""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from shared.kit import metrics
from shared.kit.caller import Caller, Role
from shared.kit.edge import Edge
from shared.kit.errors import (
    BadRequest,
    Forbidden,
    Problem,
    Refused,
    Unauthenticated,
    Unavailable,
)
from shared.kit.log import get_logger
from shared.kit.once import Once, RequestKey
from shared.kit.runtime import Kit, Wiring
from shared.kit.session import Begin, problem_of
from shared.kit.tokens import AccessClaims, TokenRefused

TYPE_BASE = "https://api.jajaya.hk/problems/"
PROBLEM_JSON = "application/problem+json"
KEY_LENGTH_MAX = 255
_CODES = {404: "route-not-found", 405: "method-not-allowed", 413: "body-too-large"}

_bearer = HTTPBearer(auto_error=False, description="`make token role=user` prints one.")
log = get_logger(__name__)


class TokenMissing(Unauthenticated):
    """The request carries no bearer token."""


class RoleMissing(Forbidden):
    """Your account does not hold the role this route is for."""


class IdempotencyKeyMissing(BadRequest):
    """This request must carry an Idempotency-Key header of 1 to 255 characters."""


def kit_of(request: Request) -> Kit:
    """The kit of the service that answers this request."""
    kit: Kit = request.app.state.kit
    return kit


def _begin(request: Request) -> Begin:
    return kit_of(request).begin


async def _stale(request: Request) -> Begin:
    return kit_of(request).begin_stale


async def _begin_dep(request: Request) -> Begin:
    return _begin(request)


BeginDep = Annotated[Begin, Depends(_begin_dep)]
StaleBeginDep = Annotated[Begin, Depends(_stale)]
"""Reads that may be some seconds old: the replica, where there is one."""

BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _claims(request: Request, bearer: BearerDep) -> AccessClaims:
    if bearer is None:
        raise TokenMissing("Send `Authorization: Bearer <access token>`.")
    kit = kit_of(request)
    return await kit.user_tokens.verify(bearer.credentials, kit.clock.now())


ClaimsDep = Annotated[AccessClaims, Depends(_claims)]


def acting(role: Role) -> Callable[..., Awaitable[Caller]]:
    """The caller in the role that this route is for."""

    async def caller(claims: ClaimsDep) -> Caller:
        if role not in claims.roles:
            raise RoleMissing(f"This route is for the role {role}.", role=role)
        return Caller(claims.account_id, role)

    return caller


UserCaller = Annotated[Caller, Depends(acting(Role.USER))]
WorkerCaller = Annotated[Caller, Depends(acting(Role.WORKER))]
StaffCaller = Annotated[Caller, Depends(acting(Role.STAFF))]


async def _internal(request: Request, bearer: BearerDep) -> Caller:
    if bearer is None:
        raise TokenMissing("Internal routes need a service token.")
    kit = kit_of(request)
    _, caller = kit.service_tokens.verify(bearer.credentials, kit.clock.now())
    return caller


InternalCaller = Annotated[Caller, Depends(_internal)]
"""On ``/internal`` routes: the caller that the calling service acts for."""


def port(name: str) -> Callable[[Request], Awaitable[Any]]:
    """Hands a route what ``app.py`` wired by this name: ``Annotated[Port, Depends(port("x"))]``."""

    async def wired(request: Request) -> Any:
        return kit_of(request).ports[name]

    return wired


async def _once(
    request: Request,
    response: Response,
    claims: ClaimsDep,
    idempotency_key: Annotated[str | None, Header(max_length=KEY_LENGTH_MAX)] = None,
) -> Once:
    if not idempotency_key:
        raise IdempotencyKeyMissing(field="Idempotency-Key", reason="missing")

    def replayed() -> None:
        response.headers["Idempotent-Replayed"] = "true"

    scope = f"{request.method} {request.url.path} {claims.account_id}"
    key = RequestKey(scope, idempotency_key, _fingerprint(await request.body()))
    return Once(_begin(request), key, replayed)


OnceDep = Annotated[Once, Depends(_once)]


def _fingerprint(body: bytes) -> bytes:
    """SHA-256 of the body in canonical form: spaces and the order of keys do not matter."""
    with contextlib.suppress(orjson.JSONDecodeError):  # Not JSON (a file): the bytes themselves.
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).digest()


_ANY_ROUTE = (IdempotencyKeyMissing, TokenMissing, TokenRefused, RoleMissing, Unavailable)


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route, so that OpenAPI lists what it may refuse."""
    listed: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = listed.setdefault(kind.status, {"description": ""})
        line = f"`{kind.code()}`: {kind.title()}"
        entry["description"] = f"{entry['description']}\n\n{line}".strip()
        entry["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return listed


def problem_answer(
    path: str,
    code: str,
    status: int,
    title: str,
    detail: str = "",
    facts: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """A problem document of RFC 9457, facts as extension members."""
    facts = dict(facts or {})
    body = {"type": TYPE_BASE + code, "title": title, "status": status, "detail": detail}
    body |= {"instance": path} | {
        name: value if isinstance(value, (bool, int, float, list, dict)) else str(value)
        for name, value in facts.items()
        if value is not None
    }
    headers = {}
    if "retry_after_seconds" in facts:
        headers["Retry-After"] = str(max(1, round(facts["retry_after_seconds"])))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, PROBLEM_JSON)


async def _refused(request: Request, problem: Exception) -> Response:
    path = request.url.path
    if isinstance(problem, Refused):
        code, status = problem.peer_code, problem.peer_status
        return problem_answer(path, code, status, problem.title(), problem.detail, problem.facts)
    assert isinstance(problem, Problem)
    title, facts = problem.title(), problem.facts
    return problem_answer(path, problem.code(), problem.status, title, problem.detail, facts)


async def _malformed(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    errors = [
        {"field": ".".join(str(part) for part in error["loc"]), "reason": error["msg"]}
        for error in fault.errors()[:20]
    ]
    title = "The request breaks the route's schema; `errors` names each field and reason."
    facts = {**errors[0], "errors": errors} if errors else {}
    return problem_answer(request.url.path, "invalid-request", 422, title, facts=facts)


async def _http_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    code = _CODES.get(fault.status_code, "http-error")
    title = str(fault.detail)
    answer = problem_answer(request.url.path, code, fault.status_code, title)
    answer.headers.update(fault.headers or {})
    return answer


async def _unforeseen(request: Request, fault: Exception) -> Response:
    problem = problem_of(fault)
    if problem is not None:
        return await _refused(request, problem)
    log.error("request.failed", path=request.url.path, exc_info=fault)
    title = "Something went wrong on our side; the request id names it to us."
    return problem_answer(request.url.path, "internal", 500, title)


def new_app(kit: Kit, wiring: Wiring) -> FastAPI:
    """A service's web application: routers, problems for every fault, health, metrics, docs."""
    app = FastAPIOffline(
        title=f"JAJAYA {kit.name}",
        version="1",
        description=wiring.description,
        responses=problems(
            IdempotencyKeyMissing, TokenMissing, TokenRefused, RoleMissing, Unavailable
        ),
    )
    app.state.kit = kit
    kit.ports.update(wiring.ports)
    for router in wiring.routers:
        app.include_router(router)
    _add_health(app, kit)
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http_fault)
    # Starlette raises after its own handler for Exception; the edge answers instead, quietly.
    app.add_middleware(Edge, unforeseen=_unforeseen, answer=problem_answer, kit=kit)
    _describe_problem(app)
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


def _describe_problem(app: FastAPI) -> None:
    """Put the Problem schema where every route's refusals point, and 422 in our own shape."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = _PROBLEM_SCHEMA
            content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            for path in document["paths"].values():
                for operation in path.values():
                    for status, answer in operation.get("responses", {}).items():
                        if status == "422":
                            answer["content"] = content
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `type` ends in a stable kebab-case code; facts are further members.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
    "additionalProperties": True,
}
