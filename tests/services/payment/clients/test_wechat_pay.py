"""Our client against an independent implementation of the same wire, and in certificate mode."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from wechatpayv3 import SignType, WeChatPay, WeChatPayType

from deploy.sandbox.keys import CERTIFICATE, Keys, make
from deploy.sandbox.wechat_wire import certificates
from services.payment.clients.outside import Outside
from services.payment.clients.wechat_keys import (
    ASK_AGAIN_AFTER,
    PAUSE,
    RENEW_AFTER,
    Credentials,
    PlatformKeys,
    SealBroken,
)
from services.payment.clients.wechat_wire import SCHEME, Wire
from services.payment.domain.ports import ChannelUnavailable
from shared.kit.clock import OffsetClock
from tests.services.payment.world import World
from tests.support.sandbox import Sandbox, _start
from tests.support.service import as_json


def oracle(sandbox: Sandbox) -> tuple[Any, dict[str, Any]]:
    folder = sandbox.credentials
    read = json.loads((folder / "wechat_pay.json").read_text())
    library = WeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=read["mchid"],
        private_key=(folder / read["merchant_private_key_file"]).read_text(),
        cert_serial_no=read["merchant_serial"],
        apiv3_key=(folder / read["apiv3_key_file"]).read_text().strip(),
        appid=read["appid"],
        notify_url="https://example.hk/notify",
        public_key=(folder / read["platform"]["public_key_file"]).read_text(),
        public_key_id=read["platform"]["public_key_id"],
    )
    return library, read


async def test_the_pay_signature_is_the_library_s(world: World, sandbox: Sandbox) -> None:
    library, read = oracle(sandbox)
    placed = await world.place()
    wechat = (await world.begin_paying(placed))["wechat"]
    parts = [read["appid"], wechat["timeStamp"], wechat["nonceStr"], wechat["package"]]
    assert library.sign(parts, SignType.RSA_SHA256) == wechat["paySign"]


async def test_the_library_opens_what_we_open(world: World, sandbox: Sandbox) -> None:
    library, _ = oracle(sandbox)
    placed = await world.place()
    view = await world.begin_paying(placed)
    paid = await world.pay_at_wechat(view["payment_id"])
    headers, body = await world.notice({**paid, "transaction_id": paid["id"]})
    theirs = library.callback(headers, body)
    channel = world.payment.wiring.ports["channels"]["wechat"]
    lower = {name.lower(): value for name, value in headers.items()}
    ours = await channel.read_notice(lower, body)
    assert theirs["resource"]["out_trade_no"] == ours.receipt.number
    assert theirs["resource"]["amount"]["total"] == ours.receipt.amount.minor


async def test_a_request_s_signature_is_over_its_five_lines(sandbox: Sandbox) -> None:
    mine = Credentials.load(sandbox.credentials)
    text = "POST\n/v3/x?y=1\n1700000000\nnonce\n{}\n"
    signature = base64.b64decode(mine.sign(text))
    key = mine.merchant_key.public_key()
    key.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert SCHEME == "WECHATPAY2-SHA256-RSA2048"


@pytest.fixture
async def certified(tmp_path: Path) -> AsyncIterator[tuple[Wire, httpx.AsyncClient]]:
    """A merchant in certificate mode, at a platform of its own that signs by its certificate."""
    make(tmp_path, CERTIFICATE)
    platform = await _start(tmp_path)
    async with (
        aiohttp.ClientSession() as session,
        httpx.AsyncClient(base_url=platform.url) as http,
    ):
        yield Wire(Outside(session, platform.url, 4), platform.credentials, OffsetClock()), http


async def notice(http: httpx.AsyncClient) -> tuple[dict[str, str], bytes]:
    body = {"plain": {"a": 1}, "platform_mode": "certificate"}
    forged = as_json(await http.post("/__sandbox/wechat/forge", json=body))
    headers = {name.lower(): value for name, value in forged["headers"].items()}
    return headers, forged["body"].encode()


async def test_certificates_are_fetched_once_and_not_for_forged_serials(
    certified: tuple[Wire, httpx.AsyncClient],
) -> None:
    wire, http = certified
    headers, body = await notice(http)
    assert await wire.is_signed(headers, body)

    # From here on a fetch would fail, and say so.
    rule = {"route": "GET /v3/global/certificates", "kind": "drop_before"}
    (await http.put("/__sandbox/faults", json=[rule])).raise_for_status()
    for number in range(5):
        assert not await wire.is_signed({**headers, "wechatpay-serial": f"F{number}"}, body)
    assert await wire.is_signed(headers, body)


async def test_certificates_signed_by_nobody_are_not_learnt(
    certified: tuple[Wire, httpx.AsyncClient],
) -> None:
    wire, http = certified
    rule = {"route": "GET /v3/global/certificates", "kind": "wrong_signature"}
    (await http.put("/__sandbox/faults", json=[rule])).raise_for_status()
    with pytest.raises(ChannelUnavailable):
        await wire.is_signed(*await notice(http))


async def test_a_page_under_another_key_does_not_open(sandbox: Sandbox) -> None:
    mine = Credentials.load(sandbox.credentials)

    async def nothing() -> dict[str, Any]:
        return {"data": []}

    keys = PlatformKeys(replace(mine, apiv3_key=b"0" * 32), nothing)
    sealed = {"nonce": "123456789012", "ciphertext": "AAAA", "associated_data": ""}
    with pytest.raises(SealBroken):
        keys.learn({"data": [{"serial_no": "A", "encrypt_certificate": sealed}]})


@dataclass
class Platform:
    """Hands out its one certificate, unless it is silent; counts how often it was asked."""

    home: Path
    silent: bool = False
    asked: int = 0

    def __post_init__(self) -> None:
        self.keys = Keys(self.home)

    async def certificates(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(0.02)
        if self.silent:
            raise ChannelUnavailable("silent")
        return certificates(self.keys)

    def signed(self, text: bytes) -> tuple[str, bytes, str]:
        serial = self.keys.certificate_serial
        return serial, text, base64.b64encode(self.keys.sign(serial, text)).decode()


@pytest.fixture
def platform(tmp_path: Path) -> tuple[Platform, PlatformKeys]:
    make(tmp_path, CERTIFICATE)
    platform = Platform(tmp_path)
    return platform, PlatformKeys(Credentials.load(tmp_path / "credentials"), platform.certificates)


NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_whoever_comes_while_certificates_are_fetched_waits_for_them(
    platform: tuple[Platform, PlatformKeys],
) -> None:
    there, keys = platform
    signed = there.signed(b"text")
    assert await asyncio.gather(*(keys.verifies(*signed, NOW) for _ in range(4))) == [True] * 4
    assert there.asked == 1


async def test_a_fetch_that_failed_is_made_again_after_a_moment(
    platform: tuple[Platform, PlatformKeys],
) -> None:
    there, keys = platform
    signed = there.signed(b"text")
    there.silent = True
    lost = await asyncio.gather(
        *(keys.verifies(*signed, NOW) for _ in range(4)), return_exceptions=True
    )
    assert [type(one) for one in lost] == [ChannelUnavailable] * 4
    assert there.asked == 1

    there.silent = False
    with pytest.raises(ChannelUnavailable):
        await keys.verifies(*signed, NOW + PAUSE / 2)
    assert await keys.verifies(*signed, NOW + PAUSE)
    assert there.asked == 2


async def test_a_fetch_that_was_given_up_holds_nobody_up(
    platform: tuple[Platform, PlatformKeys],
) -> None:
    there, keys = platform
    signed = there.signed(b"text")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await keys.verifies(*signed, NOW)
    assert await keys.verifies(*signed, NOW + PAUSE)


async def test_known_certificates_are_good_though_their_renewal_fails(
    platform: tuple[Platform, PlatformKeys],
) -> None:
    there, keys = platform
    signed = there.signed(b"text")
    assert await keys.verifies(*signed, NOW)
    there.silent = True
    later = NOW + RENEW_AFTER
    assert await asyncio.gather(*(keys.verifies(*signed, later) for _ in range(4))) == [True] * 4
    assert there.asked == 2
    assert await keys.verifies(*signed, later + PAUSE)  # Nothing is in a hurry.
    assert there.asked == 2
    there.silent = False
    assert await keys.verifies(*signed, later + ASK_AGAIN_AFTER)
    assert there.asked == 3
    assert not await keys.verifies("FORGED", *signed[1:], later + ASK_AGAIN_AFTER + PAUSE)
    assert there.asked == 3


async def test_a_refused_fetch_is_no_refusal_of_what_was_asked(
    certified: tuple[Wire, httpx.AsyncClient],
) -> None:
    wire, http = certified
    wrong = replace(wire.credentials, public_key_id="NONE")  # Answered 400 PARAM_ERROR.
    wire.__dict__["credentials"] = wrong
    with pytest.raises(ChannelUnavailable):
        await wire.is_signed(*await notice(http))
