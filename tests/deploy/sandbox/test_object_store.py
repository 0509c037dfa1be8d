"""Objects on S3's wire, signed by the published recipe and its published example."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from starlette.requests import Request

from deploy.sandbox.app import Sandbox
from deploy.sandbox.object_store import signing_key, text_to_sign
from tests.deploy.sandbox.world import credential, secret


def test_the_documented_example_of_the_signature_comes_out() -> None:
    """The GET Object example of the service's own manual, with its published signature."""
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": empty,
        "x-amz-date": "20130524T000000Z",
    }
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/test.txt",
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
    }
    credential_scope = ["20130524", "us-east-1", "s3", "aws4_request"]
    text = text_to_sign(
        Request(scope), sorted(headers), empty, "20130524T000000Z", "/".join(credential_scope)
    )
    key = signing_key(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", credential_scope)
    signature = hmac.new(key, text, hashlib.sha256).hexdigest()
    assert signature == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


class Bucket:
    """A caller that signs, written apart from the sandbox's verification."""

    def __init__(self, home: Path, http: httpx.AsyncClient) -> None:
        self.known = credential(home, "object_store")
        self.secret = secret(home, self.known["secret_key_file"])
        self.http = http
        self.age = timedelta()

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """Signed headers."""
        stamp = (datetime.now(UTC) + self.age).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = urlsplit(str(self.http.base_url)).netloc
        canonical = (
            f"{method}\n{quote(path)}\n\nhost:{host}\nx-amz-content-sha256:{digest}\n"
            f"x-amz-date:{stamp}\n\nhost;x-amz-content-sha256;x-amz-date\n{digest}"
        )
        scope = f"{stamp[:8]}/{self.known['region']}/s3/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        return {
            "x-amz-date": stamp,
            "x-amz-content-sha256": digest,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.known['access_key']}/{scope}, "
            f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}",
        }

    async def call(self, method: str, path: str, body: bytes = b"", **more: str) -> httpx.Response:
        """Send a signed request."""
        headers = self.headers(method, path, body) | more
        return await self.http.request(method, quote(path), content=body, headers=headers)


@pytest.fixture
def bucket(home: Path, http: httpx.AsyncClient) -> Bucket:
    """The account's bucket."""
    return Bucket(home, http)


@pytest.mark.parametrize("prefix", ["/s3/", "/"])
async def test_an_object_is_put_read_headed_and_deleted(bucket: Bucket, prefix: str) -> None:
    path = f"{prefix}{bucket.known['bucket']}/evidence/佐敦 1+2.jpg"
    put = await bucket.call("PUT", path, b"picture", **{"content-type": "image/jpeg"})
    assert (put.status_code, put.headers["etag"]) == (
        200,
        f'"{hashlib.md5(b"picture").hexdigest()}"',
    )
    got = await bucket.call("GET", path)
    assert (got.content, got.headers["content-type"]) == (b"picture", "image/jpeg")
    head = await bucket.call("HEAD", path)
    assert (head.content, head.headers["content-length"]) == (b"", "7")
    assert (await bucket.call("DELETE", path)).status_code == 204
    gone = await bucket.call("GET", path)
    assert gone.status_code == 404
    assert "<Code>NoSuchKey</Code>" in gone.text
    assert (await bucket.call("HEAD", path)).status_code == 404
    assert (await bucket.call("DELETE", path)).status_code == 204


async def test_equal_contents_share_a_file_until_the_last_is_deleted(
    bucket: Bucket, sandbox: Sandbox
) -> None:
    one, two = (f"/s3/{bucket.known['bucket']}/{name}" for name in ("../one", "two"))
    files = sandbox.keys.home / "objects"
    for path in (one, two):
        signed = bucket.headers("PUT", path, b"same")
        raw = path.replace("..", "%2E%2E")
        put = await bucket.http.put(raw, content=b"same", headers=signed)
        assert put.status_code in {200, 403}
    assert len(list(files.iterdir())) == 1
    await bucket.call("DELETE", two)
    assert len(list(files.iterdir())) <= 1


async def test_wrong_requests_are_refused(bucket: Bucket) -> None:
    path = f"/s3/{bucket.known['bucket']}/thing"
    good = bucket.headers("PUT", path, b"body")
    cases = {
        "AccessDenied": (b"body", {}),
        "XAmzContentSHA256Mismatch": (b"bodY", good),
        "InvalidAccessKeyId": (
            b"body",
            good
            | {"Authorization": good["Authorization"].replace("Credential=AK", "Credential=AX")},
        ),
        "SignatureDoesNotMatch": (b"body", good | {"Authorization": good["Authorization"][:-1]}),
    }
    for code, (body, headers) in cases.items():
        answer = await bucket.http.put(path, content=body, headers=headers)
        assert f"<Code>{code}</Code>" in answer.text
    elsewhere = await bucket.http.put(f"{path}2", content=b"body", headers=good)
    assert "<Code>SignatureDoesNotMatch</Code>" in elsewhere.text
    other_bucket = await bucket.call("GET", "/s3/another/thing")
    assert "<Code>NoSuchBucket</Code>" in other_bucket.text
    assert (await bucket.call("GET", path)).status_code == 404


@pytest.mark.parametrize("minutes", [-16, 16])
async def test_a_request_of_another_time_is_refused(bucket: Bucket, minutes: int) -> None:
    bucket.age = timedelta(minutes=minutes)
    answer = await bucket.call("GET", f"/s3/{bucket.known['bucket']}/thing")
    assert answer.status_code == 403
