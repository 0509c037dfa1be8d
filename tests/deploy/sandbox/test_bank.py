"""The escrow bank pays what it holds, once, for whoever can sign."""

import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from deploy.sandbox import bank_book
from deploy.sandbox.store import SCHEMA, connect
from tests.deploy.sandbox.world import BankCaller, Merchant

INSTRUCTIONS = "/bank/v1/instructions"


def instruction(number: str, order_id: str, *amounts: int, currency: str = "HKD") -> dict[str, Any]:
    """Splits of an order's money."""
    splits = [
        {"party": f"party-{i}", "account": f"a-{i}", "amount_minor": amount, "currency": currency}
        for i, amount in enumerate(amounts)
    ]
    return {"id": number, "order_id": order_id, "splits": splits}


async def test_an_instruction_is_executed_once(bank: BankCaller, merchant: Merchant) -> None:
    await merchant.paid("bank-once")
    body = instruction("once", "order-bank-once", 850, 150)
    first = await bank.instruct(body)
    assert (first.status_code, first.json()["state"]) == (200, "executed")
    assert (await bank.instruct(body)).json() == first.json()
    assert (await bank.send("GET", f"{INSTRUCTIONS}/once")).json() == first.json()
    other = await bank.instruct(instruction("once", "order-bank-once", 850, 149))
    assert (other.status_code, other.json()["code"]) == (409, "instruction_differs")
    accounts = (await bank.http.get("/__sandbox/bank/book")).json()["sub_accounts"]
    assert accounts == [
        {"order_id": "order-bank-once", "balance_minor": 0, "currency": "HKD"}
    ]  # fmt: skip


async def test_nothing_leaves_above_the_balance(bank: BankCaller, merchant: Merchant) -> None:
    await merchant.paid("above-balance")
    too_much = await bank.instruct(instruction("much", "order-above-balance", 900, 101))
    assert (too_much.status_code, too_much.json()["code"]) == (422, "insufficient_funds")
    unknown = await bank.instruct(instruction("who", "order-nobody", 1))
    assert unknown.json()["code"] == "insufficient_funds"
    foreign = await bank.instruct(instruction("cny", "order-above-balance", 1, currency="CNY"))
    assert (foreign.status_code, foreign.json()["code"]) == (422, "wrong_currency")
    book = (await bank.http.get("/__sandbox/bank/book")).json()
    assert [line["kind"] for line in book["lines"]] == ["capture"]
    fits = await bank.instruct(instruction("much", "order-above-balance", 1000))
    assert fits.status_code == 200, "a refused instruction may come again"


def top_up(number: str, order_id: str, amount: int, currency: str = "HKD") -> dict[str, Any]:
    """The platform's own money for an order."""
    return {"id": number, "order_id": order_id, "amount_minor": amount, "currency": currency}


async def test_a_top_up_comes_in_once_and_is_paid_out(bank: BankCaller, merchant: Merchant) -> None:
    await merchant.paid("topped-up")
    body = top_up("tu", "order-topped-up", 200)
    first = await bank.top_up(body)
    assert (first.status_code, first.json()["state"]) == (200, "executed")
    assert (await bank.top_up(body)).json() == first.json()
    other = await bank.top_up(body | {"amount_minor": 201})
    assert (other.status_code, other.json()["code"]) == (409, "instruction_differs")

    paid = await bank.instruct(instruction("tu", "order-topped-up", 1200))  # An id of its own kind.
    assert paid.status_code == 200
    book = (await bank.http.get("/__sandbox/bank/book?order_id=order-topped-up")).json()
    lines = [(line["kind"], line["amount_minor"], line["party"]) for line in book["lines"]]
    assert lines == [("capture", 1000, None), ("top_up", 200, "platform"), ("split", -1200, ANY)]
    assert book["sub_accounts"][0]["balance_minor"] == 0


async def test_the_platform_s_account_pays_top_ups_and_takes_commissions(bank: BankCaller) -> None:
    async def operating() -> int:
        [account] = (await bank.http.get("/__sandbox/bank/book")).json()["operating"]
        balance: int = account["balance_minor"]
        return balance

    deposit = await operating()
    opened = await bank.top_up(top_up("opens", "order-free-of-charge", 500))
    assert opened.status_code == 200, "an order that nobody paid for has its sub-account too"
    assert await operating() == deposit - 500
    split = {"party": "platform", "account": "commission", "amount_minor": 60, "currency": "HKD"}
    body = {"id": "back", "order_id": "order-free-of-charge", "splits": [split]}
    for _ in range(2):
        assert (await bank.instruct(body)).status_code == 200
    assert await operating() == deposit - 440

    beyond = await bank.top_up(top_up("beyond", "order-free-of-charge", 10_000_000_000))
    assert (beyond.status_code, beyond.json()["code"]) == (422, "insufficient_funds")
    foreign = await bank.top_up(top_up("cny", "order-free-of-charge", 1, "CNY"))
    assert foreign.status_code == 422
    assert await operating() == deposit - 440


@pytest.mark.parametrize("change", [{"amount_minor": 0}, {"amount_minor": 1.0}, {"extra": 1}])
async def test_a_wrong_top_up_is_refused(bank: BankCaller, change: dict[str, Any]) -> None:
    answer = await bank.top_up(top_up("wrong", "order-wrong", 1) | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


def test_books_from_before_top_ups_are_kept_and_take_them(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.sqlite3"
    before = sqlite3.connect(file)
    before.executescript(SCHEMA.read_text().replace("'top_up', ", ""))
    before.execute(
        "INSERT INTO bank_lines VALUES (7, 'd', 1, 'o', 'capture', 5, 'HKD', 'r', '', '')"
    )
    before.commit()
    before.close()
    for _ in range(2):
        db = connect(file)
        bank_book.line(db, "o", (3, "HKD"), "top_up", "t", 1.0)
        db.close()
    lines = bank_book.book(connect(file), None, 0, 9)["lines"]
    assert [(line["seq"], line["amount_minor"]) for line in lines] == [(7, 5), (8, 3), (9, 3)]


async def test_a_statement_has_the_lines_of_its_hong_kong_day(
    bank: BankCaller, merchant: Merchant
) -> None:
    await merchant.paid("on-statement")
    await bank.instruct(instruction("st", "order-on-statement", 600))
    await merchant.refund("on-statement", "st-r", 100)
    today = datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).date()
    page = (await bank.send("GET", f"/bank/v1/statements?date={today}")).json()
    lines = [(line["kind"], line["amount_minor"]) for line in page["lines"]]
    assert lines == [("capture", 1000), ("split", -600), ("refund", -100)]
    before = today - timedelta(days=3)
    assert (await bank.send("GET", f"/bank/v1/statements?date={before}")).json()["lines"] == []
    first = (await bank.send("GET", f"/bank/v1/statements?date={today}&limit=2")).json()
    assert (len(first["lines"]), first["next_after"]) == (2, first["lines"][1]["seq"])


@pytest.mark.parametrize("header", ["X-Bank-Key", "X-Bank-Timestamp", "X-Bank-Signature"])
async def test_a_missing_or_changed_header_is_refused(bank: BankCaller, header: str) -> None:
    raw = json.dumps(instruction("h", "order-h", 1)).encode()
    headers = bank.headers("POST", INSTRUCTIONS, raw)
    without = {key: value for key, value in headers.items() if key != header}
    changed = headers | {header: ("1" if headers[header][0] != "1" else "2") + headers[header][1:]}
    for wrong in (without, changed, headers | {header: "é".encode().decode("latin-1")}):
        sent = {key: value.encode("latin-1") for key, value in wrong.items()}
        answer = await bank.send("POST", INSTRUCTIONS, raw, sent)  # type: ignore[arg-type]
        assert answer.status_code == 401


@pytest.mark.parametrize(("age", "http_status"), [(-301, 401), (-290, 422), (290, 422), (302, 401)])
async def test_a_stale_request_is_refused(bank: BankCaller, age: int, http_status: int) -> None:
    raw = json.dumps(instruction("aged", "order-aged", 1)).encode()
    headers = bank.headers("POST", INSTRUCTIONS, raw, timestamp=str(int(time.time()) + age))
    assert (await bank.send("POST", INSTRUCTIONS, raw, headers)).status_code == http_status


async def test_every_flipped_byte_is_refused(bank: BankCaller) -> None:
    raw = json.dumps(instruction("flip", "order-flip", 1)).encode()
    headers = bank.headers("POST", INSTRUCTIONS, raw)
    for place in range(len(raw)):
        flipped = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        answer = await bank.send("POST", INSTRUCTIONS, flipped, headers)
        assert answer.json()["code"] == "bad_signature"
    elsewhere = await bank.send("POST", f"{INSTRUCTIONS}?x=1", raw, headers)
    assert elsewhere.json()["code"] == "bad_signature"


@pytest.mark.parametrize(
    "change",
    [
        {"splits": []},
        {"id": ""},
        {"order_id": 7},
        {"extra": 1},
        {"splits": [{"party": "p", "account": "a", "amount_minor": 0, "currency": "HKD"}]},
        {"splits": [{"party": "p", "account": "a", "amount_minor": 1.0, "currency": "HKD"}]},
        {
            "splits": [
                {"party": "p", "account": "a", "amount_minor": 1, "currency": currency}
                for currency in ("HKD", "CNY")
            ]
        },
    ],
)
async def test_a_wrong_instruction_is_refused(bank: BankCaller, change: dict[str, Any]) -> None:
    answer = await bank.instruct(instruction("wrong", "order-wrong", 1) | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


@pytest.mark.parametrize("query", ["", "?date=2026-13-01", "?date=2026-01-01&limit=0", "?date=x"])
async def test_a_wrong_statement_query_is_refused(bank: BankCaller, query: str) -> None:
    answer = await bank.send("GET", f"/bank/v1/statements{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


async def test_an_unknown_instruction_is_not_found(bank: BankCaller) -> None:
    answer = await bank.send("GET", f"{INSTRUCTIONS}/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_instruction")
