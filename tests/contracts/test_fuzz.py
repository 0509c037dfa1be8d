"""Schemathesis over each service's OpenAPI: whatever is sent, no 5xx and no undocumented answer.

A short run; ``EXAMPLES=200`` makes a long one. Who asks is somebody whom the service knows, or
nothing would come as far as a rule. No route documents a 500, so one is found as undocumented; a
503 is documented only where others are asked, of whom none but the sandbox answers here.
"""

import asyncio
import json
import os
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
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.contracts.fuzz_hooks import KNOWN
from tests.services.user.people import add_address, log_in_by_wechat
from tests.services.worker import given
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json

EXAMPLES = os.environ.get("EXAMPLES", "4")
SEED = "20261123"
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


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", SERVICES)
async def test_nothing_sent_makes_it_fail(
    service: ServiceFixture, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    running = await service(name, serve=True, **sandbox.settings())
    account, known = await KNOWN_AT[name](running) if name in KNOWN_AT else (new_id(), {})
    roles = (Role.USER, Role.WORKER, Role.STAFF)
    bearer = running.bearer(account, *roles)["Authorization"]
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(await _document(running)))
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run"),
        *(str(document), "--url", running.url, "-H", f"Authorization: {bearer}"),
        *("--checks", "status_code_conformance,response_schema_conformance"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--seed", SEED, "--request-timeout", "20"),
        *("--exclude-path-regex", "^/internal/", "--no-color", "--suppress-health-check", "all"),
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
