"""A real access token from the running fleet, logged in through the gateway as a person would."""

import base64
import json
import time
from typing import Any

import aiohttp

from deploy.local.record import Home

ROLES = ("user", "worker", "staff")
LOGIN = "/api/v1/auth/login/wechat"


class NoToken(Exception):
    """The fleet did not give a token; the message says why."""


async def bearer(home: Home, role: str, name: str) -> str:
    """An access token of the person of that name, who must hold the role.

    The sandbox's WeChat knows everybody: the person called "ming" logs in by a fresh code of
    `sandbox-ming`, and is the same account every time. Raises NoToken.
    """
    if role not in ROLES:
        raise NoToken(f"role={role}: it is one of {', '.join(ROLES)}")
    gateway = home.read().get("urls", {}).get("gateway", "")
    token = await log_in(gateway, name)
    roles = [str(held).lower() for held in claims(token).get("roles", [])]
    if role not in roles:
        held = ", ".join(roles) or "none"
        raise NoToken(f"{name} does not hold the role {role} (only: {held})")
    return token


async def log_in(gateway: str, name: str) -> str:
    """Log a person of the sandbox's WeChat in; the access token. Raises NoToken."""
    code = {"code": f"sandbox-{name}.{time.time_ns()}"}  # A code serves once.
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.post(gateway + LOGIN, json=code) as answer,
        ):
            body: dict[str, Any] = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as e:
        raise NoToken(f"{gateway or 'the gateway'} does not answer: {e!r}") from e
    if "access_token" not in body:
        raise NoToken(json.dumps(body))
    return str(body["access_token"])


def claims(token: str) -> dict[str, Any]:
    """What a token says; its signature is the services' business."""
    middle = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return said
