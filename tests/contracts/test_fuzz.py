"""Schemathesis over each service's OpenAPI: whatever is sent, no 5xx and no undocumented answer.

A short run; ``EXAMPLES=200`` makes a long one. No route documents a 500, so one is found as
undocumented; 503 is documented: whom a service would call does not answer here.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from deploy.local.secrets import SERVICES
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.support.sandbox import Sandbox

EXAMPLES = os.environ.get("EXAMPLES", "4")
SEED = "20261123"


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", SERVICES)
async def test_nothing_sent_makes_it_fail(
    service: ServiceFixture, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    running = await service(name, serve=True, **sandbox.settings())
    roles = (Role.USER, Role.WORKER, Role.STAFF)
    bearer = running.bearer(new_id(), *roles)["Authorization"]
    document = tmp_path / "openapi.json"
    document.write_bytes((await running.http.get("/openapi.json")).content)
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run"),
        *(str(document), "--url", running.url),
        *("-H", f"Authorization: {bearer}", "-H", "Idempotency-Key: fuzz"),
        *("--checks", "status_code_conformance,response_schema_conformance"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--seed", SEED, "--request-timeout", "20"),
        *("--exclude-path-regex", "^/internal/", "--no-color", "--suppress-health-check", "all"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-6_000:]
