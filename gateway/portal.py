"""The docs portal: one page that lists each service's OpenAPI, and the AsyncAPI document.

Every asset is served from here; nothing is loaded from outside.
"""

import asyncio
import html
import importlib.util
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway import asyncapi
from gateway.problems import RouteNotFound, ServiceUnreachable
from gateway.reply import Reply
from gateway.routes import API, JWKS, find
from gateway.upstream import Upstream

ASSETS = {
    "swagger-ui-bundle.js": b"text/javascript",
    "swagger-ui.css": b"text/css",
    "favicon.png": b"image/png",
}
OPENAPI_SECONDS, OPENAPI_KEPT_SECONDS = 5.0, 10.0
_HTML, _JSON = b"text/html; charset=utf-8", b"application/json"
_CSP = (
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:"
)
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="/docs/assets/favicon.png">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}}
li{{margin:.4rem 0}}code{{background:#f3f3f3;padding:.1rem .3rem}}</style>{body}</html>"""
_SWAGGER = """<!doctype html><html lang="en"><meta charset="utf-8"><title>JAJAYA {service}</title>
<link rel="icon" href="/docs/assets/favicon.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"><div id="ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({{url:"/docs/openapi/{service}.json",dom_id:"#ui",
persistAuthorization:true}})</script></html>"""


class Portal:
    """Shows ``/docs`` and what is below it."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._services = sorted(upstream.urls)
        folder = _folder_of("fastapi_offline") / "static"
        self._assets = {name: (folder / name).read_bytes() for name in ASSETS}
        self._asyncapi = b""
        self._openapi: dict[str, tuple[float, bytes]] = {}

    async def show(self, path: str, reply: Reply) -> None:
        """Answer with the page of this path. Raises RouteNotFound, ServiceUnreachable."""
        kind, body = await self._page(path.removeprefix("/docs").strip("/"))
        await reply.whole(200, kind, body, (b"content-security-policy", _CSP))

    async def _page(self, path: str) -> tuple[bytes, bytes]:
        folder, _, name = path.rpartition("/")
        if path == "":
            return _HTML, self._index()
        if path in self._services:
            return _HTML, _SWAGGER.format(service=path).encode()
        if path == "asyncapi.json":
            # Made when first asked for: it takes all contracts, which nothing else here needs.
            self._asyncapi = self._asyncapi or await asyncio.to_thread(_asyncapi)
            return _JSON, self._asyncapi
        if folder == "assets" and name in self._assets:
            return ASSETS[name], self._assets[name]
        service = name.removesuffix(".json")
        if folder == "openapi" and service in self._services and service != name:
            return _JSON, await self._openapi_of(service)
        raise RouteNotFound

    def _index(self) -> bytes:
        rows = "".join(
            f'<li><a href="/docs/{name}">{name}</a> · '
            f'<a href="/docs/openapi/{name}.json">openapi.json</a></li>'
            for name in map(html.escape, self._services)
        )
        body = (
            "<h1>JAJAYA</h1><p>The public interface lies under <code>/api/v1</code>. "
            "<code>make token role=user|worker|staff</code> prints a bearer for Authorize.</p>"
            f"<ul>{rows}</ul><p>What the services tell each other: "
            '<a href="/docs/asyncapi.json">asyncapi.json</a> (AsyncAPI 3).</p>'
        )
        return _PAGE.format(title="JAJAYA", body=body).encode()

    async def _openapi_of(self, service: str) -> bytes:
        """A service's document, fetched at most every ten seconds."""
        fetched_at, kept = self._openapi.get(service, (float("-inf"), b""))
        if time.monotonic() - fetched_at < OPENAPI_KEPT_SECONDS:
            return kept
        url = f"{self._upstream.urls[service]}/openapi.json"
        try:
            async with asyncio.timeout(OPENAPI_SECONDS), self._upstream.session.get(url) as answer:
                answer.raise_for_status()
                document = _as_seen_from_outside(orjson.loads(await answer.read()))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as lost:
            raise ServiceUnreachable(service=service, retry_after_seconds=1) from lost
        self._openapi[service] = time.monotonic(), document
        return document


def _asyncapi() -> bytes:
    return orjson.dumps(asyncapi.document())


def _folder_of(library: str) -> Path:
    """Where a library lies, without importing it: of this one we need the assets only."""
    spec = importlib.util.find_spec(library)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _as_seen_from_outside(document: dict[str, Any]) -> bytes:
    """Under the gateway's prefix, without the paths that it does not route."""
    document["paths"] = {
        path: rows
        for path, rows in document.get("paths", {}).items()
        if path == JWKS.prefix or find(API + path) is not None
    }
    if JWKS.prefix in document["paths"]:  # The one path that lies at the root.
        document["paths"][JWKS.prefix]["servers"] = [{"url": "/"}]
    document["servers"] = [{"url": API}]
    return orjson.dumps(document)
