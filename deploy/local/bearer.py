"""A real access token from the running fleet, got through the gateway as a person gets one."""

import base64
import fcntl
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp

from deploy.local.record import Home

ROLES = ("user", "worker", "staff")
# The first staff account's number; its one-time codes are read at the sandbox.
STAFF_PHONE = "+85251000000"
CODE = re.compile(r"\b\d{6}\b")


class NoToken(Exception):
    """The fleet did not give a token; the message says why."""


async def bearer(home: Home, role: str, name: str) -> str:
    """An access token of the person of that name, who must hold the role. Raises NoToken.

    The sandbox's WeChat knows everybody: the person called "ming" logs in by a fresh code of
    `sandbox-ming`, and is the same account every time. Staff log in by a one-time code.
    """
    if role not in ROLES:
        raise NoToken(f"role={role}: it is one of {', '.join(ROLES)}")
    urls = home.read()["urls"]
    if role == "staff":
        return await _staff_token(home, urls)
    session = await log_in_by_wechat(urls["gateway"], name)
    roles = [str(held).lower() for held in claims(session["access_token"]).get("roles", [])]
    if role not in roles:
        raise NoToken(
            f"{name} is not a {role} yet (only: {', '.join(roles)}): apply by POST /api/v1/workers "
            "with role=user, let staff approve it in the worker service's docs, ask again"
        )
    return str(session["access_token"])


async def log_in_by_wechat(gateway: str, name: str) -> dict[str, Any]:
    """Log a person of the sandbox's WeChat in; a code serves once, so it is a new one each time."""
    code = {"code": f"sandbox-{name}.{time.time_ns()}"}
    return await _post(gateway, "/auth/login/wechat", code)


async def log_in_by_phone(gateway: str, sandbox: str, phone: str) -> dict[str, Any]:
    """Log in by a one-time code, read where the sandbox shows what was sent."""
    last = max((int(sms["seq"]) for sms in await _messages(sandbox, phone, 0)), default=0)
    asked = await _post(gateway, "/auth/otp", {"phone": phone})
    for sms in await _messages(sandbox, phone, last):
        code = CODE.search(sms["body"])
        if code is not None:
            answer = {"request_id": asked["request_id"], "phone": phone, "code": code.group()}
            return await _post(gateway, "/auth/login/phone", answer)
    raise NoToken(f"no one-time code has come to {phone}")


def claims(token: str) -> dict[str, Any]:
    """What a token says; its signature is the services' business."""
    middle = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return said


async def _staff_token(home: Home, urls: Mapping[str, str]) -> str:
    """By the kept refresh token while it serves: one-time codes are limited to one a minute."""
    with _kept_session(home) as kept:
        if kept:
            try:
                refreshed = {"refresh_token": kept["refresh_token"]}
                kept.update(await _post(urls["gateway"], "/auth/refresh", refreshed))
                return str(kept["access_token"])
            except NoToken:
                kept.clear()
        kept.update(await log_in_by_phone(urls["gateway"], urls["sandbox"], STAFF_PHONE))
        return str(kept["access_token"])


@contextmanager
def _kept_session(home: Home) -> Iterator[dict[str, Any]]:
    """The staff account's session, kept between calls; two at once would look like theft."""
    path = home.secrets / "staff-session.json"
    path.touch(mode=0o600)
    with path.open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        kept: dict[str, Any] = json.loads(handle.read() or "{}")
        try:
            yield kept
        finally:
            handle.seek(0)
            handle.truncate()
            json.dump(kept, handle)


async def _post(gateway: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call a public route that answers with JSON. Raises NoToken where it refuses."""
    limit = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(f"{gateway}/api/v1{path}", json=body) as answer,
        ):
            said: dict[str, Any] = await answer.json(content_type=None)
            if answer.ok:
                return said
    except (aiohttp.ClientError, TimeoutError, ValueError) as e:
        raise NoToken(f"{gateway} does not answer: {e!r}") from e
    raise NoToken(f"{path} refused: {json.dumps(said)}")


async def _messages(sandbox: str, phone: str, after: int) -> list[dict[str, Any]]:
    """What has come to a phone since the message of that number."""
    query = {"to": phone, "after": str(after)}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox}/__sandbox/sms", params=query) as answer,
    ):
        found: list[dict[str, Any]] = (await answer.json())["messages"]
        return found
