"""Object storage on S3's wire, path style, with Signature Version 4 in the header.

Objects lie under `/s3/{bucket}/{key}` and under `/{bucket}/{key}` alike; files are named by their
content, so that no key ever becomes a path.
"""

import asyncio
import hashlib
import hmac
import json
import os
import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response

from deploy.sandbox.clock import Clock
from deploy.sandbox.keys import Keys
from deploy.sandbox.store import Store

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 15 * 60
OBJECT_MAX = 16 * 1024 * 1024
KEY_MAX = 1024
HTTP_STATUS = {
    "AccessDenied": 403,
    "InvalidAccessKeyId": 403,
    "SignatureDoesNotMatch": 403,
    "RequestTimeTooSkewed": 403,
    "NoSuchKey": 404,
    "NoSuchBucket": 404,
}


class StoreRefused(Exception):
    """A refusal in S3's words; codes not listed above answer 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.http_status = HTTP_STATUS.get(code, 400)
        self.code, self.message = code, message

    def answer(self, request: Request) -> Response:
        """The refusal as XML; nothing but the status for HEAD."""
        if request.method == "HEAD":
            return Response(status_code=self.http_status)
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{self.code}</Code>'
            f"<Message>{escape(self.message)}</Message>"
            f"<Resource>{escape(request.url.path)}</Resource></Error>"
        )
        return Response(text, self.http_status, media_type="application/xml")


@dataclass(frozen=True)
class Access:
    """The one account of the store."""

    access_key: str
    secret_key: bytes
    bucket: str
    region: str


class ObjectDesk:
    """Verifies requests and keeps objects, file first and row second."""

    def __init__(self, store: Store, clock: Clock, keys: Keys) -> None:
        known = keys.credential("object_store")
        secret = keys.secret(known["secret_key_file"])
        self.access = Access(known["access_key"], secret, known["bucket"], known["region"])
        self._store, self._clock = store, clock
        self._files = keys.home / "objects"
        self._files.mkdir(exist_ok=True)

    async def serve(self, request: Request) -> Response:
        """One request about one object."""
        body = await request.body()
        try:
            self._verify(request, body)
            bucket, name = request.path_params["bucket"], request.path_params["name"]
            if bucket != self.access.bucket:
                raise StoreRefused("NoSuchBucket", "The specified bucket does not exist")
            if not name or len(name.encode()) > KEY_MAX:
                raise StoreRefused("KeyTooLongError", "Your key is too long")
            return await self._act(request, bucket, name, body)
        except StoreRefused as refused:
            return refused.answer(request)

    async def _act(self, request: Request, bucket: str, name: str, body: bytes) -> Response:
        if request.method == "PUT":
            return await self._put(request, bucket, name, body)
        if request.method == "DELETE":
            await self._delete(bucket, name)
            return Response(status_code=204)
        row = await self._store.run(lambda db: find(db, bucket, name))
        if row is None:
            raise StoreRefused("NoSuchKey", "The specified key does not exist.")
        headers = json.loads(row["headers"]) | {
            "ETag": f'"{row["etag"]}"',
            "Last-Modified": http_date(row["stored_at"]),
            "Accept-Ranges": "bytes",
        }
        if request.method == "HEAD":
            return Response(headers=headers | {"Content-Length": str(row["size"])})
        content = await asyncio.to_thread((self._files / row["file"]).read_bytes)
        return Response(content, headers=headers)

    async def _put(self, request: Request, bucket: str, name: str, body: bytes) -> Response:
        if len(body) > OBJECT_MAX:
            raise StoreRefused("EntityTooLarge", "Your proposed upload exceeds the maximum size")
        file, etag = hashlib.sha256(body).hexdigest(), hashlib.md5(body).hexdigest()
        kept = {
            key: value
            for key, value in request.headers.items()
            if key in {"content-type", "cache-control"} or key.startswith("x-amz-meta-")
        }
        kept.setdefault("content-type", "binary/octet-stream")
        await asyncio.to_thread(write_safely, self._files / file, body)
        row = (bucket, name, file, etag, len(body), json.dumps(kept), self._clock.now())
        await self._store.run(lambda db: keep(db, row))
        return Response(headers={"ETag": f'"{etag}"'})

    async def _delete(self, bucket: str, name: str) -> None:
        """Forget the object; its file goes when no other object has the same content."""
        orphan = await self._store.run(lambda db: forget(db, bucket, name))
        if orphan is not None:
            (self._files / orphan).unlink(missing_ok=True)

    def _verify(self, request: Request, body: bytes) -> None:
        """Signature Version 4 over the headers named and the hash of the body."""
        scope, signed_names, given = parts_of(request.headers.get("authorization", ""))
        date, region, service, end = scope[1:]
        if scope[0] != self.access.access_key:
            message = "The AWS Access Key Id you provided does not exist in our records."
            raise StoreRefused("InvalidAccessKeyId", message)
        stamp = request.headers.get("x-amz-date", "")
        if (region, service, end) != (self.access.region, "s3", "aws4_request") or (
            not stamp.startswith(date)
        ):
            message = "The authorization header is malformed; the credential scope is wrong."
            raise StoreRefused("AuthorizationHeaderMalformed", message)
        digest = hashlib.sha256(body).hexdigest()
        if request.headers.get("x-amz-content-sha256") != digest:
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise StoreRefused("XAmzContentSHA256Mismatch", message)
        if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(signed_names):
            raise StoreRefused("AccessDenied", "There were headers present which were not signed")
        text = text_to_sign(request, signed_names, digest, stamp, "/".join(scope[1:]))
        expected = hmac.new(signing_key(self.access.secret_key, scope[1:]), text, hashlib.sha256)
        if not hmac.compare_digest(expected.hexdigest(), given):
            message = "The request signature we calculated does not match the one you provided."
            raise StoreRefused("SignatureDoesNotMatch", message)
        if self._clock.offset_of(instant_of(stamp), SKEW_SECONDS) is None:
            message = "The difference between the request time and the current time is too large."
            raise StoreRefused("RequestTimeTooSkewed", message)


def router(desk: ObjectDesk) -> APIRouter:
    """Objects under both paths; the bare bucket is known by its name."""
    routes = APIRouter()
    methods = ["PUT", "GET", "HEAD", "DELETE"]

    @routes.api_route("/s3/{bucket}/{name:path}", methods=methods)
    async def under_prefix(request: Request, bucket: str, name: str) -> Response:
        """One object."""
        return await desk.serve(request)

    @routes.api_route(f"/{desk.access.bucket}/{{name:path}}", methods=methods)
    async def under_bucket(request: Request, name: str) -> Response:
        """One object, where the endpoint has no prefix."""
        request.path_params["bucket"] = desk.access.bucket
        return await desk.serve(request)

    return routes


def parts_of(header: str) -> tuple[list[str], list[str], str]:
    """Credential scope, signed headers and signature of an Authorization header."""
    pattern = (
        r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=(\w+)"
    )
    match = re.fullmatch(pattern, header.strip())
    if match is None or match[1].count("/") != 4:
        raise StoreRefused("AccessDenied", "Access Denied")
    return match[1].split("/"), match[2].split(";"), match[3]


def text_to_sign(
    request: Request, signed_names: list[str], digest: str, stamp: str, scope: str
) -> bytes:
    """The canonical request, hashed into the string to sign."""
    query = sorted(parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True))
    headers = "".join(
        f"{name}:{' '.join(','.join(request.headers.getlist(name)).split())}\n"
        for name in signed_names
    )
    canonical = "\n".join(
        [
            request.method,
            quote(request.scope["path"], safe="/-_.~"),
            "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in query),
            headers,
            ";".join(signed_names),
            digest,
        ]
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join([ALGORITHM, stamp, scope, hashed]).encode()


def signing_key(secret: bytes, scope: list[str]) -> bytes:
    """The key of one day, region and service."""
    key = b"AWS4" + secret
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def instant_of(stamp: str) -> float:
    """The instant of an x-amz-date."""
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise StoreRefused("AccessDenied", "x-amz-date is not a valid date") from None


def write_safely(file: Path, content: bytes) -> None:
    """Write a file so that it is whole on disk or not there."""
    if file.exists():
        return
    part = file.with_suffix(f".{os.urandom(8).hex()}")
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


def find(db: sqlite3.Connection, bucket: str, name: str) -> sqlite3.Row | None:
    """One object's row."""
    query = "SELECT * FROM stored_objects WHERE bucket = ? AND name = ?"
    row: sqlite3.Row | None = db.execute(query, (bucket, name)).fetchone()
    return row


def keep(db: sqlite3.Connection, row: tuple[str, str, str, str, int, str, float]) -> None:
    """Put an object in the place of what had its name."""
    db.execute("INSERT OR REPLACE INTO stored_objects VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def forget(db: sqlite3.Connection, bucket: str, name: str) -> str | None:
    """Take an object out; its file's name if nothing else has that content."""
    row = find(db, bucket, name)
    if row is None:
        return None
    db.execute("DELETE FROM stored_objects WHERE bucket = ? AND name = ?", (bucket, name))
    others = db.execute("SELECT 1 FROM stored_objects WHERE file = ? LIMIT 1", (row["file"],))
    return None if others.fetchone() else str(row["file"])


def http_date(instant: float) -> str:
    """An instant as HTTP headers write it."""
    return format_datetime(datetime.fromtimestamp(int(instant), UTC), usegmt=True)
