"""Object storage on S3's wire: path style, Signature Version 4 in the header."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import aiohttp
from yarl import URL

from services.order.domain.evidence import PhotoNotFound
from shared.kit.clock import Clock
from shared.kit.errors import Unavailable
from shared.kit.log import get_logger

ALGORITHM = "AWS4-HMAC-SHA256"
SECONDS_MAX = 4  # For one call; it is tried twice, for each is the same when repeated.
TRIES = 2

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """The account that the store gave us, and the bucket it opens."""

    access_key: str
    secret_key: str
    bucket: str
    region: str


def signed(
    access: Access, method: str, path: str, headers: Mapping[str, str], body: bytes, at: datetime
) -> dict[str, str]:
    """The headers of a request, host among them, with date, content hash and signature.

    The path is as it goes over the wire and carries no query.
    """
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    every = {name.lower(): value for name, value in headers.items()}
    every |= {"x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(sorted(every))
    lines = "".join(f"{name}:{every[name].strip()}\n" for name in sorted(every))
    canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
    scope = f"{stamp[:8]}/{access.region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{access.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashed}"
    signature = hmac.digest(key, text.encode(), hashlib.sha256).hex()
    credential = f"Credential={access.access_key}/{scope}"
    authorization = f"{ALGORITHM} {credential},SignedHeaders={names},Signature={signature}"
    return {**every, "authorization": authorization}


class ObjectStore:
    """The PhotoStore port: what it is given is sealed already."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, credentials_dir: Path, clock: Clock
    ) -> None:
        self._http = http
        self._url = URL(url)
        self._folder = credentials_dir
        self._clock = clock

    @cached_property
    def _access(self) -> Access:
        read = json.loads((self._folder / "object_store.json").read_text())
        secret = (self._folder / read["secret_key_file"]).read_text().strip()
        return Access(read["access_key"], secret, read["bucket"], read["region"])

    async def put(self, name: str, content: bytes) -> None:
        """Keep it under the name; the same again changes nothing. Raises Unavailable."""
        await self._call("PUT", name, content, {200})

    async def get(self, name: str) -> bytes:
        """What lies under the name. Raises PhotoNotFound, Unavailable."""
        status, content = await self._call("GET", name, b"", {200, 404})
        if status == 404:
            raise PhotoNotFound("The picture is not in the store.")
        return content

    async def delete(self, name: str) -> None:
        """Forget it, if it was there. Raises Unavailable."""
        await self._call("DELETE", name, b"", {200, 204, 404})

    async def _call(
        self, method: str, name: str, body: bytes, expected: set[int]
    ) -> tuple[int, bytes]:
        lost = ""
        for _ in range(TRIES):
            try:
                status, content = await self._send(method, name, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as fault:
                lost = type(fault).__name__
                continue
            if status in expected:
                return status, content
            lost = f"{status} {content[:200].decode(errors='replace')}"
            if status < 500:
                break  # It understood and refused: our credentials or the bucket are wrong.
        log.error("object_store.lost", method=method, reason=lost)
        raise Unavailable("The store of photos does not serve us.", retry_after_seconds=5)

    async def _send(self, method: str, name: str, body: bytes) -> tuple[int, bytes]:
        access = self._access
        url = self._url.joinpath(access.bucket, *name.split("/"))
        headers = {"host": url.authority, "content-type": "application/octet-stream"}
        headers = signed(access, method, url.raw_path, headers, body, self._clock.now())
        async with self._http.request(
            method,
            url,
            data=body or None,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=SECONDS_MAX),
            allow_redirects=False,
        ) as answer:
            return answer.status, await answer.read()
