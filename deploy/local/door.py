"""The gateway's public routes as the launcher's own commands call them."""

import base64
import json
import time
from typing import Any

import aiohttp

PATIENCE_SECONDS = 10


class NoToken(Exception):
    """The fleet did not give a token; the message says why."""


async def log_in_by_wechat(gateway: str, name: str) -> dict[str, Any]:
    """Log a person of the sandbox's WeChat in; a code serves once, so it is a new one each time."""
    code = {"code": f"sandbox-{name}.{time.time_ns()}"}
    return await post(gateway, "/auth/login/wechat", code)


def claims(token: str) -> dict[str, Any]:
    """What a token says; its signature is the services' business."""
    middle = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return said


async def post(gateway: str, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    """Call a route, under a key of its own, that answers with JSON. Raises NoToken."""
    return await _call("POST", gateway, path, body, token)


async def put(gateway: str, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
    """The same for a route that puts. Raises NoToken."""
    return await _call("PUT", gateway, path, body, token)


async def _call(
    method: str, gateway: str, path: str, body: dict[str, Any], token: str
) -> dict[str, Any]:
    limit = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    headers = {"Idempotency-Key": str(time.time_ns())}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, headers=headers) as session,
            session.request(method, f"{gateway}/api/v1{path}", json=body) as answer,
        ):
            said: dict[str, Any] = await answer.json(content_type=None)
            if answer.ok:
                return said
    except (aiohttp.ClientError, TimeoutError, ValueError) as e:
        raise NoToken(f"{gateway} does not answer: {e!r}") from e
    raise NoToken(f"{path} refused: {json.dumps(said)}")
