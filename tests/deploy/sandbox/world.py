"""A merchant, an account holder of the bank and a listening server, written apart from the sandbox.

Requests are signed and answers verified by `wechatpayv3`, which knows nothing of the sandbox.
"""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import rsa_sign, rsa_verify

URL = "http://sandbox.test"


def secret(home: Path, file: str) -> str:
    """One downloaded secret."""
    return (home / "credentials" / file).read_text().strip()


def credential(home: Path, name: str) -> dict[str, Any]:
    """One downloaded file of credentials."""
    loaded: dict[str, Any] = json.loads((home / "credentials" / f"{name}.json").read_text())
    return loaded


def oracle(home: Path, gateway: str) -> Any:
    """The kept library in public-key mode, pointed at a sandbox."""
    known = credential(home, "wechat_pay")
    client = WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=known["mchid"],
        private_key=secret(home, known["merchant_private_key_file"]),
        cert_serial_no=known["merchant_serial"],
        apiv3_key=secret(home, known["apiv3_key_file"]),
        appid=known["appid"],
        notify_url="https://merchant.test/notify",
        public_key=secret(home, known["platform"]["public_key_file"]),
        public_key_id=known["platform"]["public_key_id"],
    )
    client._core._gate_way = gateway
    return client


@dataclass
class Merchant:
    """Signs as the merchant and lets the library verify every answer."""

    home: Path
    http: httpx.AsyncClient
    offset: float = 0

    def __post_init__(self) -> None:
        self.known = credential(self.home, "wechat_pay")
        pem = secret(self.home, self.known["merchant_private_key_file"])
        self.key = load_pem_private_key(pem.encode(), None)
        public = secret(self.home, self.known["platform"]["public_key_file"])
        self.platform_key = load_pem_public_key(public.encode())

    def pairs(self, method: str, target: str, raw: bytes, **given: str) -> dict[str, str]:
        """The five pairs of a good Authorization header, some of them given."""
        pairs = {
            "mchid": self.known["mchid"],
            "nonce_str": uuid.uuid4().hex,
            "timestamp": str(int(time.time() + self.offset)),
            "serial_no": self.known["merchant_serial"],
        } | given
        text = "\n".join([method, target, pairs["timestamp"], pairs["nonce_str"], raw.decode(), ""])
        return {"signature": rsa_sign(self.key, text)} | pairs

    async def send(
        self,
        method: str,
        target: str,
        raw: bytes = b"",
        pairs: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        scheme: str = "WECHATPAY2-SHA256-RSA2048",
    ) -> httpx.Response:
        """Send a signed request and verify the answer, whatever it is."""
        pairs = pairs if pairs is not None else self.pairs(method, target, raw)
        told = ",".join(f'{key}="{value}"' for key, value in pairs.items())
        signed = {b"Authorization": f"{scheme} {told}".encode()}
        more = {name.encode(): value.encode() for name, value in (headers or {}).items()}
        answer = await self.http.request(method, target, content=raw, headers=signed | more)
        if not (headers or {}).get("Wechatpay-Serial"):
            assert self.verified(answer), "the answer's signature does not match"
        return answer

    def verified(self, answer: httpx.Response, key: Any = None) -> bool:
        """Whether the library accepts the signature of an answer."""
        signed = answer.headers
        good: bool = rsa_verify(
            signed["wechatpay-timestamp"],
            signed["wechatpay-nonce"],
            answer.text,
            signed["wechatpay-signature"],
            key or self.platform_key,
        )
        return good

    async def post(self, target: str, body: dict[str, Any]) -> httpx.Response:
        """Post a body."""
        return await self.send("POST", target, json.dumps(body).encode())

    async def get(self, target: str) -> httpx.Response:
        """Ask, as this merchant."""
        separator = "&" if "?" in target else "?"
        return await self.send("GET", f"{target}{separator}mchid={self.known['mchid']}")

    def order(self, number: str, total: int = 1000, **more: Any) -> dict[str, Any]:
        """The body of an order."""
        return {
            "appid": self.known["appid"],
            "mchid": self.known["mchid"],
            "description": "Pipe unblocking",
            "out_trade_no": number,
            "notify_url": "http://127.0.0.1:9/notify",
            "trade_type": "JSAPI",
            "merchant_category_code": self.known["merchant_category_code"],
            "attach": f"order-{number}",
            "payer": {"openid": "o-somebody"},
            "amount": {"total": total, "currency": "HKD"},
        } | more

    async def prepay(self, number: str, total: int = 1000, **more: Any) -> httpx.Response:
        """Prepare a payment."""
        return await self.post("/v3/global/transactions/jsapi", self.order(number, total, **more))

    async def pay(self, number: str) -> httpx.Response:
        """The user pays."""
        return await self.http.post("/__sandbox/wechat/pay", json={"out_trade_no": number})

    async def paid(self, number: str, total: int = 1000, **more: Any) -> dict[str, Any]:
        """An order that has been paid."""
        assert (await self.prepay(number, total, **more)).status_code == 200
        answer = await self.pay(number)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def refund_body(
        self, number: str, refund_no: str, refund: int, total: int = 1000, **more: Any
    ) -> dict[str, Any]:
        """The body of a refund."""
        return {
            "appid": self.known["appid"],
            "mchid": self.known["mchid"],
            "out_trade_no": number,
            "out_refund_no": refund_no,
            "reason": "cancelled",
            "amount": {"refund": refund, "total": total, "currency": "HKD"},
        } | more

    async def refund(
        self, number: str, refund_no: str, refund: int, total: int = 1000, **more: Any
    ) -> httpx.Response:
        """Ask for a refund."""
        body = self.refund_body(number, refund_no, refund, total, **more)
        return await self.post("/v3/global/refunds", body)


@dataclass
class BankCaller:
    """Signs as the account holder of the escrow bank."""

    home: Path
    http: httpx.AsyncClient
    offset: float = 0

    def __post_init__(self) -> None:
        known = credential(self.home, "bank")
        self.key_id = known["key_id"]
        self.secret = secret(self.home, known["secret_file"]).encode()

    def headers(self, method: str, target: str, raw: bytes, **given: str) -> dict[str, str]:
        """Good headers, some of them given."""
        timestamp = given.get("timestamp", str(int(time.time() + self.offset)))
        text = f"{timestamp}.{method}.{target}.".encode() + raw
        return {
            "X-Bank-Key": self.key_id,
            "X-Bank-Timestamp": timestamp,
            "X-Bank-Signature": hmac.new(self.secret, text, hashlib.sha256).hexdigest(),
        }

    async def send(
        self, method: str, target: str, raw: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send, and check the bank's signature on the answer."""
        headers = headers if headers is not None else self.headers(method, target, raw)
        answer = await self.http.request(method, target, content=raw, headers=headers)
        timestamp = answer.headers["x-bank-timestamp"]
        expected = self.headers(method, target, answer.content, timestamp=timestamp)
        assert answer.headers["x-bank-signature"] == expected["X-Bank-Signature"]
        return answer

    async def instruct(self, body: dict[str, Any]) -> httpx.Response:
        """Give an instruction."""
        return await self.send("POST", "/bank/v1/instructions", json.dumps(body).encode())

    async def top_up(self, body: dict[str, Any]) -> httpx.Response:
        """Pay from the platform's account into an order's."""
        return await self.send("POST", "/bank/v1/top-ups", json.dumps(body).encode())


@dataclass
class Listener:
    """A merchant's notify address: keeps what comes and answers what it was told to."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        """Keep a notice."""
        self.came.append((dict(request.headers), await request.read()))
        self.heard.set()
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    async def until(self, count: int, seconds: float = 5) -> None:
        """Wait for so many notices."""
        async with asyncio.timeout(seconds):
            while len(self.came) < count:
                self.heard.clear()
                await self.heard.wait()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A listener on a free port."""
    listener = Listener()
    app = web.Application()
    app.router.add_post("/notify", listener.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/notify"
    try:
        yield listener
    finally:
        await runner.cleanup()


def basic(user: str, password: str) -> str:
    """Basic authentication."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
