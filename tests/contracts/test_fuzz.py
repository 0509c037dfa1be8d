"""Schemathesis over each service's OpenAPI: whatever is sent, no 5xx and no undocumented answer.

A short run; ``EXAMPLES=200`` makes a long one. Who asks is somebody whom the service knows, or
nothing would come as far as a rule. No route documents a 500, so one is found as undocumented; a
503 is documented only where others are asked, of whom none but the sandbox answers here.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from deploy.local.secrets import SERVICES
from services.worker.domain.schedule import hong_kong_day
from shared.contracts.ids import AccountId
from shared.contracts.worker import WorkerApproved
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.contracts.fuzz_hooks import KNOWN
from tests.conventions.test_routes import cases, is_internal, methods_of
from tests.services.user.people import add_address, log_in_by_wechat
from tests.services.worker import given
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json

EXAMPLES = os.environ.get("EXAMPLES", "4")
SEED = "20261123"
INTERNAL = "^/internal/"
SISTERS = {"user": "order", "order": "dispatch", "worker": "dispatch", "promotion": "order"}
ROLE_AT = {"order": Role.WORKER, "worker": Role.WORKER}  # Whom a sister asks for there.
Known = dict[str, str]


async def _at_user(user: Running) -> tuple[UUID, Known]:
    """Somebody with an address, who has been sent a message."""
    person = await log_in_by_wechat(user, f"fuzz-{new_id()}")
    address = await add_address(user, person)
    await user.tell(WorkerApproved(worker_id=AccountId(person.account_id)))
    [message] = as_json(await user.http.get("/me/messages", headers=person.headers()))["items"]
    known = {"address_id": str(address["address_id"]), "message_id": str(message["message_id"])}
    return person.account_id, known


async def _at_worker(run: Running) -> tuple[UUID, Known]:
    """A worker with a day off, who is staff too and decides about somebody else."""
    worker = await given.approved(run)
    day = (hong_kong_day(run.clock.now()) + timedelta(days=3)).isoformat()
    taken = await given.post(run, worker, "time-off", {"first_on": day, "last_on": day})
    other = await given.applied(run)
    return worker, {"worker_id": str(other), "time_off_id": str(as_json(taken)["id"])}


KNOWN_AT: dict[str, Callable[[Running], Awaitable[tuple[UUID, Known]]]] = {
    "user": _at_user,
    "worker": _at_worker,
}


async def _document(running: Running) -> dict[str, Any]:
    """The service's OpenAPI, with a 503 only on routes that list it themselves."""
    document: dict[str, Any] = as_json(await running.http.get("/openapi.json"))
    asking = {
        (route.path, method.lower())
        for router in running.wiring.routers
        for route in router.routes
        if isinstance(route, APIRoute) and 503 in route.responses
        for method in route.methods or ()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (path, method) not in asking:
                operation["responses"].pop("503", None)
    return document


async def _fuzz(
    running: Running, folder: Path, headers: dict[str, str], known: Known, *which: str
) -> None:
    """Send a service's documented routes what nobody should, and hold it to its document."""
    document = folder / "openapi.json"
    document.write_text(json.dumps(await _document(running)))
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run"),
        *(str(document), "--url", running.url, "-H", f"Authorization: {headers['Authorization']}"),
        *("--checks", "status_code_conformance,response_schema_conformance"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--seed", SEED, "--request-timeout", "20"),
        *(*which, "--no-color", "--suppress-health-check", "all"),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.contracts.fuzz_hooks", KNOWN: json.dumps(known)}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | hooks,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-6_000:]


async def _somebody(running: Running) -> tuple[UUID, Known]:
    return await KNOWN_AT[running.name](running) if running.name in KNOWN_AT else (new_id(), {})


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", SERVICES)
async def test_nothing_sent_makes_it_fail(
    service: ServiceFixture, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    running = await service(name, serve=True, **sandbox.settings())
    account, known = await _somebody(running)
    headers = running.bearer(account, Role.USER, Role.WORKER, Role.STAFF)
    await _fuzz(running, tmp_path, headers, known, "--exclude-path-regex", INTERNAL)


@pytest.mark.timeout(280)
@pytest.mark.parametrize(("name", "by"), SISTERS.items(), ids=str)
async def test_nothing_that_a_sister_sends_makes_it_fail(
    service: ServiceFixture, sandbox: Sandbox, tmp_path: Path, name: str, by: str
) -> None:
    running = await service(name, serve=True, **sandbox.settings())
    account, known = await _somebody(running)
    headers = running.internal(Caller(account, ROLE_AT.get(name, Role.USER)), by)
    for path, method in _inside(running):  # Or nothing would come past the door.
        answer = await running.http.request(method, path, headers=headers)
        assert answer.status_code not in {401, 403}, f"{path} {answer.text}"
    await _fuzz(running, tmp_path, headers, known, "--include-path-regex", INTERNAL)


def _inside(running: Running) -> list[tuple[str, str]]:
    """The internal routes, asked about what is nowhere."""
    return [
        (re.sub(r"\{\w+\}", str(new_id()), route.path), method)
        for name, route in cases()
        if name == running.name and is_internal(route)
        for method in methods_of(route)
    ]


def test_every_internal_route_is_sent_to() -> None:
    assert {name for name, route in cases() if is_internal(route)} == set(SISTERS)
