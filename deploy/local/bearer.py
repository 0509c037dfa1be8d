"""A real access token from the running fleet, got through the gateway as a person gets one."""

import fcntl
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp

from deploy.local.door import NoToken, log_in_by_wechat, post
from deploy.local.record import Home
from deploy.local.recruit import recruit, roles_of

ROLES = ("user", "worker", "staff")
# The first staff account's number; its one-time codes are read at the sandbox.
STAFF_PHONE = "+85251000000"
CODE = re.compile(r"\b\d{6}\b")


async def bearer(home: Home, role: str, name: str) -> str:
    """An access token of the person of that name, in that role. Raises NoToken.

    The sandbox's WeChat knows everybody: the person called "ming" logs in by a fresh code of
    `sandbox-ming`, and is the same account every time; asked for as a worker they become one first.
    Staff log in by a one-time code.
    """
    if role not in ROLES:
        raise NoToken(f"role={role}: it is one of {', '.join(ROLES)}")
    urls = home.read()["urls"]
    if role == "staff":
        return await _staff_token(home, urls)
    token = str((await log_in_by_wechat(urls["gateway"], name))["access_token"])
    if role == "worker" and role not in roles_of(token):
        token = await recruit(urls["gateway"], await _staff_token(home, urls), name)
    if role not in roles_of(token):
        raise NoToken(f"{name} is not a {role} (only: {', '.join(roles_of(token))})")
    return token


async def log_in_by_phone(gateway: str, sandbox: str, phone: str) -> dict[str, Any]:
    """Log in by a one-time code, read where the sandbox shows what was sent."""
    last = max((int(sms["seq"]) for sms in await _messages(sandbox, phone, 0)), default=0)
    asked = await post(gateway, "/auth/otp", {"phone": phone})
    for sms in await _messages(sandbox, phone, last):
        code = CODE.search(sms["body"])
        if code is not None:
            answer = {"request_id": asked["request_id"], "phone": phone, "code": code.group()}
            return await post(gateway, "/auth/login/phone", answer)
    raise NoToken(f"no one-time code has come to {phone}")


async def _staff_token(home: Home, urls: Mapping[str, str]) -> str:
    """By the kept refresh token while it serves: one-time codes are limited to one a minute."""
    with _kept_session(home) as kept:
        if kept:
            try:
                refreshed = {"refresh_token": kept["refresh_token"]}
                kept.update(await post(urls["gateway"], "/auth/refresh", refreshed))
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


async def _messages(sandbox: str, phone: str, after: int) -> list[dict[str, Any]]:
    """What has come to a phone since the message of that number."""
    query = {"to": phone, "after": str(after)}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox}/__sandbox/sms", params=query) as answer,
    ):
        found: list[dict[str, Any]] = (await answer.json())["messages"]
        return found
