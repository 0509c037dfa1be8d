"""The signature, the sealing and the refusals of WeChat Pay v3, on the network's side.

Requests are verified over their raw bytes; every answer is signed, the empty one of a 204 too.
"""

import base64
import binascii
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Request, Response

from deploy.sandbox.clock import Clock
from deploy.sandbox.faults import Kind
from deploy.sandbox.keys import Keys
from deploy.sandbox.store import Store

SCHEME = "WECHATPAY2-SHA256-RSA2048"
NONCE_KEPT_SECONDS = 3600
PROBE = "WECHATPAY/SIGNTEST/"
PAIRS = frozenset({"mchid", "nonce_str", "timestamp", "serial_no", "signature"})
PAIR = re.compile(r'\s*(\w+)="([^"]*)"\s*')
HONG_KONG = timezone(timedelta(hours=8))

HTTP_STATUS = {
    "SIGN_ERROR": 401,
    "NO_AUTH": 403,
    "RULE_LIMIT": 403,
    "OUT_TRADE_NO_USED": 403,
    "NOT_ENOUGH": 403,
    "TRADE_ERROR": 403,
    "ORDER_NOT_EXIST": 404,
    "RESOURCE_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429,
    "SYSTEM_ERROR": 500,
}


class Refused(Exception):
    """A refusal in the network's own words; codes not listed above answer 400."""

    def __init__(self, code: str, message: str, **detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.http_status = HTTP_STATUS.get(code, 400)
        self.body = {"code": code, "message": message} | ({"detail": detail} if detail else {})


@dataclass(frozen=True)
class Call:
    """One verified request: its bytes, the instant it is judged by, and what may go wrong."""

    raw: bytes
    now: float
    path: Mapping[str, str]
    query: Mapping[str, str]
    faults: frozenset[Kind] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Proof:
    """What a valid signature tells: its nonce, and the clock offset it was made under."""

    nonce: str
    offset: float


Act = Callable[[sqlite3.Connection, Call], dict[str, Any] | None]


class Desk:
    """Receives signed requests, lets them act on the books, and signs what it answers."""

    def __init__(self, store: Store, clock: Clock, keys: Keys) -> None:
        self.store, self.clock, self.keys = store, clock, keys

    async def serve(self, request: Request, act: Act, http_status: int = 200) -> Response:
        """Verify, spend the nonce, act and answer; one transaction, refusals included."""
        raw = await request.body()
        try:
            wanted = self._wanted_serial(request)
            proof = self.verify(request, raw)
        except Refused as refused:
            return self.signed(request, refused.http_status, refused.body, self.clock.offset)
        call = Call(
            raw,
            self.clock.now(),
            request.path_params,
            dict(request.query_params),
            request.scope.get("sandbox_faults", frozenset()),
        )
        status, body = await self.store.run(lambda db: judged(db, proof, act, call, http_status))
        return self.signed(request, status, body, proof.offset, wanted)

    def verify(self, request: Request, raw: bytes) -> Proof:
        """Check the Authorization header over the raw bytes, in the network's order."""
        pairs = authorization(request.headers.get("authorization", ""))
        merchant = self.keys.wechat_pay
        if pairs["mchid"] != merchant["mchid"]:
            raise Refused("SIGN_ERROR", "商户号不存在或与签名不匹配", field="mchid")
        if pairs["serial_no"] != merchant["merchant_serial"]:
            raise Refused("SIGN_ERROR", "商户证书序列号有误", field="serial_no")
        if not re.fullmatch(r"\d{1,12}", pairs["timestamp"], re.ASCII):
            raise Refused("SIGN_ERROR", "Http头Authorization值格式错误", field="timestamp")
        offset = self.clock.offset_of(int(pairs["timestamp"]))
        if offset is None:
            raise Refused("SIGN_ERROR", "签名时间戳与当前时间相差超过5分钟", field="timestamp")
        if not 1 <= len(pairs["nonce_str"]) <= 128:
            raise Refused("SIGN_ERROR", "Http头Authorization值格式错误", field="nonce_str")
        target = request.scope["raw_path"] + query_part(request)
        lines = [request.method.encode(), target, pairs["timestamp"].encode()]
        text = b"\n".join([*lines, pairs["nonce_str"].encode(), raw, b""])
        try:
            signature = base64.b64decode(pairs["signature"], validate=True)
            self.keys.merchant_public_key.verify(
                signature, text, padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, binascii.Error, ValueError):
            issue = "sign not match"
            raise Refused("SIGN_ERROR", "签名错误，请检查后再试", issue=issue) from None
        return Proof(pairs["nonce_str"], offset)

    def _wanted_serial(self, request: Request) -> str | None:
        """The key the caller wants answers signed with, if it names one."""
        wanted = request.headers.get("wechatpay-serial")
        if wanted is not None and not self.keys.knows(wanted):
            raise Refused("PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误", field="header")
        return wanted

    def signed(
        self,
        request: Request,
        http_status: int,
        body: dict[str, Any] | None,
        offset: float,
        serial: str | None = None,
    ) -> Response:
        """The answer with its signature headers, by the clock the caller goes by."""
        content = b"" if body is None else encoded(body)
        instant = self.clock.now() - self.clock.offset + offset
        faults = request.scope.get("sandbox_faults", frozenset())
        headers = self.signature_headers(content, instant, serial, faults)
        if body is None:
            return Response(status_code=http_status, headers=headers)
        return Response(content, http_status, headers, media_type="application/json")

    def signature_headers(
        self,
        content: bytes,
        instant: float,
        serial: str | None = None,
        faults: frozenset[Kind] = frozenset(),
    ) -> dict[str, str]:
        """The platform's headers over a body; a probe's or a wrong signature when switched."""
        serial = serial or self.keys.own_serial
        timestamp, nonce = str(int(instant)), secrets.token_hex(16)
        text = f"{timestamp}\n{nonce}\n".encode() + content + b"\n"
        signature = base64.b64encode(self.keys.sign(serial, text)).decode()
        if Kind.SIGNTEST in faults:
            signature = PROBE + signature[len(PROBE) :]
        elif Kind.WRONG_SIGNATURE in faults:
            wrong = self.keys.sign(serial, text + b"\n")
            signature = base64.b64encode(wrong).decode()
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature-Type": SCHEME,
            "Request-ID": secrets.token_hex(16).upper(),
        }


def judged(
    db: sqlite3.Connection, proof: Proof, act: Act, call: Call, http_status: int
) -> tuple[int, dict[str, Any] | None]:
    """Spend the nonce, then act; a refusal undoes the act but not the nonce."""
    try:
        spend_nonce(db, proof.nonce)
    except Refused as reused:
        return reused.http_status, reused.body
    db.execute("SAVEPOINT act")
    try:
        body = act(db, call)
    except Refused as refused:
        db.execute("ROLLBACK TO act")
        db.execute("RELEASE act")
        return refused.http_status, refused.body
    db.execute("RELEASE act")
    return http_status, body


def spend_nonce(db: sqlite3.Connection, nonce: str) -> None:
    """Refuse a nonce seen before; after an hour of wall time its timestamp is stale anyway."""
    wall = time.time()
    db.execute("DELETE FROM nonces WHERE seen_at < ?", (wall - NONCE_KEPT_SECONDS,))
    insert = "INSERT OR IGNORE INTO nonces (nonce, seen_at) VALUES (?, ?)"
    if not db.execute(insert, (nonce, wall)).rowcount:
        raise Refused("SIGN_ERROR", "随机串重复使用", field="nonce_str")


def authorization(header: str) -> dict[str, str]:
    """The five pairs of an Authorization header, each exactly once and in any order."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise Refused("SIGN_ERROR", "Http头Authorization认证类型不正确", field="Authorization")
    found = [PAIR.fullmatch(part) for part in rest.split(",")]
    pairs = {match[1]: match[2] for match in found if match}
    if len(pairs) != len(found) or pairs.keys() != PAIRS:
        raise Refused("SIGN_ERROR", "Http头Authorization值格式错误", field="Authorization")
    return pairs


def query_part(request: Request) -> bytes:
    """The query of the request line with its question mark, as it was sent."""
    query: bytes = request.scope["query_string"]
    return b"?" + query if query else b""


def sealed(keys: Keys, text: bytes, associated_data: str) -> dict[str, str]:
    """Text under the APIv3 key, in the shape notices and certificates carry it."""
    nonce = secrets.token_hex(6)
    cipher = AESGCM(keys.apiv3_key)
    ciphertext = cipher.encrypt(nonce.encode(), text, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "associated_data": associated_data,
        "nonce": nonce,
        "ciphertext": base64.b64encode(ciphertext).decode(),
    }


def certificates(keys: Keys) -> dict[str, Any]:
    """The platform's certificates, sealed for the merchant."""
    certificate = keys.certificate
    return {
        "data": [
            {
                "serial_no": keys.certificate_serial,
                "effective_time": hk_time(certificate.not_valid_before_utc.timestamp()),
                "expire_time": hk_time(certificate.not_valid_after_utc.timestamp()),
                "encrypt_certificate": sealed(keys, keys.certificate_pem, "certificate"),
            }
        ]
    }


def encoded(body: dict[str, Any]) -> bytes:
    """JSON as the network writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def hk_time(instant: float) -> str:
    """An instant as the network writes it: RFC 3339 on the +08:00 clock."""
    return datetime.fromtimestamp(int(instant), UTC).astimezone(HONG_KONG).isoformat()
