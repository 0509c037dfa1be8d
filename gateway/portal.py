"""The docs portal: one page that lists each service's OpenAPI, and the AsyncAPI document.

Every asset is served from here; nothing is loaded from outside.
"""

import asyncio
import html
from pathlib import Path

import aiohttp
import fastapi_offline
import orjson
from starlette.types import Receive, Scope, Send

from gateway import asyncapi
from gateway.routes import API

ASSETS = {
    "swagger-ui-bundle.js": b"text/javascript",
    "swagger-ui.css": b"text/css",
    "favicon.png": b"image/png",
}
READY_SECONDS = 1.0
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
    """Answers ``/docs`` and below."""

    def __init__(self, session: aiohttp.ClientSession, urls: dict[str, str]) -> None:
        self._session = session
        self._urls = urls
        folder = Path(str(fastapi_offline.__file__)).parent / "static"
        self._assets = {name: (folder / name).read_bytes() for name in ASSETS}
        self._asyncapi = orjson.dumps(asyncapi.document())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        path = scope["path"].removeprefix("/docs").strip("/")
        kind, body = await self._page(path)
        status = 200 if body is not None else 404
        text = body if body is not None else b"no such page"
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(text)).encode()),
            (b"content-security-policy", _CSP),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})
        return status

    async def _page(self, path: str) -> tuple[bytes, bytes | None]:
        folder, _, name = path.rpartition("/")
        if path == "":
            return b"text/html; charset=utf-8", self._index()
        if path in self._urls:
            return b"text/html; charset=utf-8", _SWAGGER.format(service=path).encode()
        if path == "asyncapi.json":
            return b"application/json", self._asyncapi
        if folder == "assets" and name in self._assets:
            return ASSETS[name], self._assets[name]
        service = name.removesuffix(".json")
        if folder == "openapi" and service in self._urls:
            return b"application/json", await self._openapi(service)
        return b"text/plain", None

    def _index(self) -> bytes:
        rows = "".join(
            f'<li><a href="/docs/{name}">{name}</a> · '
            f'<a href="/docs/openapi/{name}.json">openapi.json</a></li>'
            for name in map(html.escape, self._urls)
        )
        body = (
            "<h1>JAJAYA</h1><p>The public interface lies under <code>/api/v1</code>. "
            "<code>make token role=user|worker|staff</code> prints a bearer for Authorize.</p>"
            f"<ul>{rows}</ul><p>What the services tell each other: "
            '<a href="/docs/asyncapi.json">asyncapi.json</a> (AsyncAPI 3).</p>'
        )
        return _PAGE.format(title="JAJAYA", body=body).encode()

    async def _openapi(self, service: str) -> bytes | None:
        """A service's document as seen through the gateway: its prefix, no internal paths."""
        try:
            async with (
                asyncio.timeout(5),
                self._session.get(f"{self._urls[service]}/openapi.json") as answer,
            ):
                document = orjson.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        paths = document.get("paths", {})
        document["paths"] = {
            path: rows for path, rows in paths.items() if not path.startswith("/internal/")
        }
        document["servers"] = [{"url": API}]
        return orjson.dumps(document)

    async def unready(self) -> list[str]:
        """The services that do not answer; each is asked for a second at most."""

        async def asked(name: str, url: str) -> str:
            try:
                async with asyncio.timeout(READY_SECONDS), self._session.get(f"{url}/livez"):
                    return ""
            except (aiohttp.ClientError, TimeoutError):
                return name

        found = await asyncio.gather(*(asked(*one) for one in self._urls.items()))
        return [name for name in found if name]
