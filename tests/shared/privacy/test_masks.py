"""The masks of features 9.5, and the net that keeps personal details out of log lines."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy import masks

MASKS = [
    masks.hkid,
    masks.mainland_id,
    masks.card,
    masks.bank_account,
    masks.phone,
    masks.name,
    masks.plate,
]
DIGITS = st.text(string.digits, min_size=1, max_size=24)
ANYTHING = st.one_of(st.text(max_size=40), DIGITS, st.text("0123456789*ABX()- ", max_size=24))


@pytest.mark.parametrize(
    ("mask", "plain", "shown"),
    [
        (masks.hkid, "A123456(7)", "A12****(*)"),
        (masks.hkid, " a123456(a)", "A12****(*)"),
        (masks.hkid, "AB987654(3)", "A*98****(*)"),
        (masks.hkid, "Ａ１２３４５６（７）", "A12****(*)"),
        (masks.hkid, "12345", "****"),
        (masks.mainland_id, "11010519491231002X", "110*************2X"),
        (masks.mainland_id, "110105491231002", "110**********02"),
        (masks.mainland_id, "110105", "****"),
        (masks.card, "6200000000000005", "6200 **** **** 0005"),
        (masks.card, "6200-0000-0000-0005", "6200 **** **** 0005"),
        (masks.card, "6200 0000 0005", "****"),
        (masks.bank_account, "012-345-678901-833", "****833"),
        (masks.bank_account, "1234", "****"),
        (masks.phone, "61234534", "6*** **34"),
        (masks.phone, "+852 6123 4534", "6*** **34"),
        (masks.phone, "0085261234534", "6*** **34"),
        (masks.phone, "+86 138 0013 8000", "1** **** **00"),
        (masks.phone, "999", "****"),
        (masks.phone, "not a phone", "****"),
        (masks.name, "陳大文", "陳**"),
        (masks.name, "李", "李**"),
        (masks.name, "Chan Tai Man", "C***"),
        (masks.name, "", "***"),
        (masks.name, "😀", "***"),
        (masks.plate, "AB 1234", "AB****"),
        (masks.plate, "粤B12345", "粤B****"),
        (masks.plate, "88", "****"),
        (masks.plate, "**A", "****"),
    ],
)
def test_a_mask_shows_what_its_rule_allows(
    mask: Callable[[str], str], plain: str, shown: str
) -> None:
    assert mask(plain) == shown


@pytest.mark.parametrize("mask", MASKS)
@given(text=ANYTHING)
def test_masking_twice_changes_nothing(mask: Callable[[str], str], text: str) -> None:
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    ("mask", "shown_max"),
    [
        (masks.hkid, 3),
        (masks.mainland_id, 5),
        (masks.card, 8),
        (masks.bank_account, 3),
        (masks.phone, 3),
        (masks.name, 1),
        (masks.plate, 2),
    ],
)
@given(text=ANYTHING)
def test_a_mask_never_shows_more_than_its_rule(
    mask: Callable[[str], str], shown_max: int, text: str
) -> None:
    assert sum(character not in "*() " for character in mask(text)) <= shown_max


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("HKID A123456(3) seen", "HKID A12****(*) seen"),
        ("id=A123456（3）", "id=A12****(*)"),
        ("id=A1234563, ok", "id=A12****(*), ok"),
        ("ab987654(3)", "A*98****(*)"),
        ("證件11010519491231002X。", "證件110*************2X。"),
        ("card 4111111111111111.", "card 4111 **** **** 1111."),
        ("card 4111 1111 1111 1111 9", "card 4111 **** **** 1111 9"),
        ("card 3782 822463 10005", "card 3782 **** ***0 005"),
        ("call +85261234567 now", "call 6*** **67 now"),
        ("電話61234567號", "電話6*** **67號"),
        ("phone=6123 4567,9876-5432", "phone=6*** **67,9*** **32"),
        ("+852 2345 6789", "2*** **89"),
        ("+8613800138000", "1** **** **00"),
        ("138 0013 8000", "1** **** **00"),
        ("Key (phone)=(61234567) already exists", "Key (phone)=(6*** **67) already exists"),
        ("/users/61234567/x", "/users/6*** **67/x"),
        ("Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "Bearer eyJ****"),
    ],
)
def test_the_net_catches_personal_details_in_a_line(line: str, shown: str) -> None:
    assert masks.scrub(line) == shown
    assert masks.scrub(shown) == shown


@pytest.mark.parametrize(
    "line",
    [
        "order.cancelled",
        "2026-07-31T12:34:56.789012+08:00",
        "at 2026-07-31 12:34:56Z",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "amount_minor=61234567",
        '{"payable_minor": 98765432}',
        "Money(minor=61234567, currency=<Currency.HKD>)",
        "HKD 61234567",
        "61234567 HKD",
        "offset=91234567",
        "seq 12 of 345678",
        "4200000123202601011234567890",
        "1790000000123456789",
        "20260731",
        "612345.67",
        "pid 61234",
    ],
)
def test_the_net_leaves_ids_instants_and_amounts_readable(line: str) -> None:
    assert masks.scrub(line) == line


@given(st.uuids(), st.datetimes())
def test_no_id_or_instant_is_ever_mangled(id: object, at: object) -> None:
    line = f"order {id} at {at}"
    assert masks.scrub(line) == line


BETWEEN = st.text(" ,;:=()/電話是abc\"'", min_size=1, max_size=6)


@given(BETWEEN, st.from_regex(r"[4-9][0-9]{7}", fullmatch=True), BETWEEN)
def test_no_mobile_phone_passes_the_net(before: str, phone: str, after: str) -> None:
    assert phone not in masks.scrub(before + phone + after)


@given(BETWEEN, st.from_regex(r"[A-Z]{1,2}[0-9]{6}\([0-9A]\)", fullmatch=True), BETWEEN)
def test_no_hkid_passes_the_net(before: str, hkid: str, after: str) -> None:
    line = f" {before} {hkid}{after}"
    assert hkid not in masks.scrub(line)


@given(st.text(max_size=200))
def test_the_net_takes_any_text(text: str) -> None:
    assert isinstance(masks.scrub(text), str)
