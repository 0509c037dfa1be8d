"""Signatures and sealing of WeChat Pay, judged by a library that did not see our code."""

import json
import time

import httpx
import pytest
from cryptography.x509 import load_pem_x509_certificate
from wechatpayv3.utils import aes_decrypt

from tests.deploy.sandbox.world import Merchant, secret

ORDER = "/v3/global/transactions/jsapi"


def refused(answer: httpx.Response) -> str:
    """The code of a refusal for a bad signature."""
    assert answer.status_code == 401, answer.text
    return str(answer.json()["code"])


@pytest.mark.parametrize("pair", ["mchid", "nonce_str", "timestamp", "serial_no", "signature"])
async def test_a_missing_pair_is_refused(merchant: Merchant, pair: str) -> None:
    raw = json.dumps(merchant.order("missing-pair")).encode()
    pairs = merchant.pairs("POST", ORDER, raw)
    del pairs[pair]
    assert refused(await merchant.send("POST", ORDER, raw, pairs)) == "SIGN_ERROR"


@pytest.mark.parametrize("pair", ["mchid", "nonce_str", "timestamp", "serial_no", "signature"])
async def test_a_changed_pair_is_refused(merchant: Merchant, pair: str) -> None:
    raw = json.dumps(merchant.order("changed-pair")).encode()
    pairs = merchant.pairs("POST", ORDER, raw)
    first = pairs[pair][0]
    pairs[pair] = ("1" if first != "1" else "2") + pairs[pair][1:]
    assert refused(await merchant.send("POST", ORDER, raw, pairs)) == "SIGN_ERROR"


@pytest.mark.parametrize(
    "given",
    [
        {"mchid": "1900000001"},
        {"serial_no": "00" * 20},
        {"timestamp": "not-a-time"},
        {"timestamp": "٣"},
        {"timestamp": ""},
        {"nonce_str": ""},
        {"nonce_str": "x" * 129},
    ],
)
async def test_a_well_signed_stranger_is_refused(merchant: Merchant, given: dict[str, str]) -> None:
    raw = json.dumps(merchant.order("stranger")).encode()
    pairs = merchant.pairs("POST", ORDER, raw, **given)
    assert refused(await merchant.send("POST", ORDER, raw, pairs)) == "SIGN_ERROR"


@pytest.mark.parametrize(("age", "fresh"), [(-301, False), (-290, True), (290, True), (301, False)])
async def test_a_timestamp_over_five_minutes_away_is_refused(
    merchant: Merchant, age: int, fresh: bool
) -> None:
    raw = json.dumps(merchant.order(f"aged{age}")).encode()
    pairs = merchant.pairs("POST", ORDER, raw, timestamp=str(int(time.time()) + age))
    answer = await merchant.send("POST", ORDER, raw, pairs)
    assert (answer.status_code == 200) is fresh


async def test_a_nonce_serves_once_even_when_the_first_request_was_refused(
    merchant: Merchant,
) -> None:
    target = f"/v3/global/transactions/out-trade-no/nobody?mchid={merchant.known['mchid']}"
    pairs = merchant.pairs("GET", target, b"")
    assert (await merchant.send("GET", target, pairs=pairs)).status_code == 404
    assert refused(await merchant.send("GET", target, pairs=pairs)) == "SIGN_ERROR"


async def test_every_flipped_byte_of_the_body_is_refused(merchant: Merchant) -> None:
    raw = json.dumps(merchant.order("flipped-byte")).encode()
    for place in range(0, len(raw), 7):
        pairs = merchant.pairs("POST", ORDER, raw)
        flipped = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert refused(await merchant.send("POST", ORDER, flipped, pairs)) == "SIGN_ERROR"


async def test_another_path_query_or_method_than_signed_is_refused(merchant: Merchant) -> None:
    target = f"/v3/global/transactions/out-trade-no/signed-one?mchid={merchant.known['mchid']}"
    for other in (target.replace("one", "two"), target + "&x=1", target.partition("?")[0]):
        pairs = merchant.pairs("GET", target, b"")
        assert refused(await merchant.send("GET", other, pairs=pairs)) == "SIGN_ERROR"
    pairs = merchant.pairs("POST", ORDER, b"")
    certificates = "/v3/global/certificates"
    assert refused(await merchant.send("GET", certificates, pairs=pairs)) == "SIGN_ERROR"


async def test_an_unknown_scheme_and_no_authorization_are_refused(merchant: Merchant) -> None:
    raw = json.dumps(merchant.order("odd-scheme")).encode()
    answer = await merchant.send("POST", ORDER, raw, scheme="WECHATPAY2-SM2-WITH-SM3")
    assert refused(answer) == "SIGN_ERROR"
    bare = await merchant.http.post(ORDER, content=raw)
    assert refused(bare) == "SIGN_ERROR"
    assert merchant.verified(bare)


async def test_the_signature_covers_raw_bytes_not_their_meaning(merchant: Merchant) -> None:
    raw = json.dumps(merchant.order("raw-bytes"), indent=3).encode()
    assert (await merchant.send("POST", ORDER, raw)).status_code == 200
    pairs = merchant.pairs("POST", ORDER, raw)
    same_meaning = json.dumps(json.loads(raw)).encode()
    assert refused(await merchant.send("POST", ORDER, same_meaning, pairs)) == "SIGN_ERROR"


async def test_certificates_open_with_the_merchants_key_and_verify_answers(
    merchant: Merchant,
) -> None:
    answer = await merchant.send("GET", "/v3/global/certificates")
    (listed,) = answer.json()["data"]
    sealed = listed["encrypt_certificate"]
    key = secret(merchant.home, merchant.known["apiv3_key_file"])
    pem = aes_decrypt(sealed["nonce"], sealed["ciphertext"], sealed["associated_data"], key)
    certificate = load_pem_x509_certificate(pem.encode())
    assert f"{certificate.serial_number:X}" == listed["serial_no"]
    serial = {"Wechatpay-Serial": listed["serial_no"]}
    again = await merchant.send("GET", "/v3/global/certificates", headers=serial)
    assert again.headers["wechatpay-serial"] == listed["serial_no"]
    assert merchant.verified(again, certificate.public_key())
    assert not merchant.verified(again)


async def test_an_unknown_platform_serial_is_refused(merchant: Merchant) -> None:
    serial = {"Wechatpay-Serial": "PUB_KEY_ID_0"}
    answer = await merchant.send("GET", "/v3/global/certificates", headers=serial)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


@pytest.mark.parametrize("kind", ["wrong_signature", "signtest"])
async def test_an_answer_can_be_signed_wrongly(merchant: Merchant, kind: str) -> None:
    rule = {"route": "GET /v3/global/certificates", "kind": kind, "times": 1}
    await merchant.http.put("/__sandbox/faults", json=[rule])
    target = "/v3/global/certificates"
    told = ",".join(f'{k}="{v}"' for k, v in merchant.pairs("GET", target, b"").items())
    header = {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {told}"}
    answer = await merchant.http.get(target, headers=header)
    probe = answer.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert (answer.status_code, merchant.verified(answer)) == (200, False)
    assert probe is (kind == "signtest")
    assert (await merchant.send("GET", target)).status_code == 200
