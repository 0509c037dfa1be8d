"""WeChat mini-program login: a code becomes an openid, once.

Anybody can log in as `sandbox-<name>`: the openid belongs to the name, and `sandbox-<name>.<n>`
are further codes of the same person.
"""

import base64
import hashlib
import re
import secrets
import sqlite3
from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.sandbox.clock import Clock
from deploy.sandbox.faults import told
from deploy.sandbox.keys import Keys
from deploy.sandbox.store import Store

CODE = re.compile(r"sandbox-(?P<name>[A-Za-z0-9_-]{1,64})(\.[A-Za-z0-9_-]{1,64})?")


def router(store: Store, clock: Clock, keys: Keys) -> APIRouter:
    """The one route of the login server."""
    routes = APIRouter()
    app = keys.credential("wechat_app")
    secret = keys.secret(app["secret_file"]).decode()

    @routes.get("/sns/jscode2session")
    async def code_to_session(request: Request) -> Response:
        """Change a code for the person's openid; errors answer 200 with an errcode, as WeChat."""
        query = request.query_params
        code = query.get("js_code", "")
        if query.get("appid") != app["appid"]:
            return refused(40013, "invalid appid")
        if query.get("secret") != secret:
            return refused(40125, "invalid appsecret")
        if query.get("grant_type", "authorization_code") != "authorization_code":
            return refused(40002, "invalid grant_type")
        known = CODE.fullmatch(code)
        if known is None:
            return refused(40029, "invalid code")
        now = clock.now()
        if not await store.run(lambda db: use(db, code, now)):
            return refused(40163, "code been used")
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        return told({"session_key": session_key, "openid": openid(known["name"])}, 200)

    return routes


def use(db: sqlite3.Connection, code: str, now: float) -> bool:
    """Whether this is the code's first use."""
    insert = "INSERT OR IGNORE INTO login_codes (code, used_at) VALUES (?, ?)"
    return bool(db.execute(insert, (code, now)).rowcount)


def openid(name: str) -> str:
    """The openid of a person, for ever the same, 28 characters as WeChat's."""
    return "o-" + hashlib.sha256(name.encode()).hexdigest()[:26]


def refused(errcode: int, errmsg: str) -> Response:
    """An error in the login server's words."""
    body: dict[str, Any] = {"errcode": errcode}
    return told(body | {"errmsg": f"{errmsg}, rid: {secrets.token_hex(16)}"}, 200)
