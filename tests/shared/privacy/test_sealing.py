"""Sealed fields: bound to their place, gone with their subject's key, read only on the record."""

import asyncio
import base64
import json
import os
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.session import Begin
from shared.privacy.sealing import (
    Erased,
    Keyring,
    SealBroken,
    erase_subject,
    reveal,
    rewrap,
    seal,
    unseal,
)
from tests.support.service import Running

PLACE, PLAIN = "users.phone", "61234567"
STAFF = Caller(new_id(), Role.STAFF)
KEYS = {kid: base64.b64encode(os.urandom(32)).decode() for kid in ("k1", "k2")}


def load(folder: Path, current: str, *kids: str) -> Keyring:
    """A keyring read from files as the launcher writes them."""
    keys = {kid: KEYS[kid] for kid in kids}
    kek = folder / f"kek-{current}-{len(kids)}.json"
    kek.write_text(json.dumps({"current": current, "keys": keys}))
    index = folder / "index.key"
    index.write_text(KEYS["k2"] + "\n")
    return Keyring.load(kek, index)


@pytest.fixture
async def begin(toy: Running) -> Begin:
    """The way into a database that has the kit's tables."""
    return toy.begin


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return load(tmp_path_factory.mktemp("ring"), "k1", "k1")


def test_a_wrapped_key_opens_again_and_names_its_wrapping_key(
    ring: Keyring, tmp_path: Path
) -> None:
    dek = os.urandom(32)
    wrapped = ring.wrap(dek)
    assert wrapped.startswith("k1:")
    assert wrapped != ring.wrap(dek)
    assert ring.unwrap(wrapped) == ring.unwrap(wrapped) == dek
    assert load(tmp_path, "k2", "k1", "k2").unwrap(wrapped) == dek


def test_a_wrapped_key_opens_under_no_other_key_and_unchanged_only(
    ring: Keyring, tmp_path: Path
) -> None:
    wrapped = ring.wrap(os.urandom(32))
    both = load(tmp_path, "k1", "k1", "k2")
    head, body = wrapped[:3], bytearray(base64.b64decode(wrapped[3:]))
    body[20] ^= 1
    changed = head + base64.b64encode(body).decode()
    for broken in ("k2:" + wrapped[3:], "k9:" + wrapped[3:], head, changed):
        with pytest.raises(SealBroken):
            both.unwrap(broken)


def test_a_keyring_refuses_files_that_do_not_make_sense(tmp_path: Path) -> None:
    good = tmp_path / "index.key"
    good.write_text(KEYS["k1"])
    kek = tmp_path / "kek.json"
    for content in (
        {"current": "k2", "keys": {"k1": KEYS["k1"]}},
        {"current": "k1", "keys": {"k1": base64.b64encode(b"short").decode()}},
        {"current": "a:b", "keys": {"a:b": KEYS["k1"]}},
    ):
        kek.write_text(json.dumps(content))
        with pytest.raises(ValueError):
            Keyring.load(kek, good)


def test_a_keyring_does_not_show_its_keys(ring: Keyring) -> None:
    ring.unwrap(ring.wrap(os.urandom(32)))
    assert repr(ring) == "Keyring(current='k1')"


@given(text=st.text())
def test_the_blind_index_ignores_case_width_and_spaces(text: str) -> None:
    ring = Keyring("k1", {}, b"i" * 32)
    assert ring.index(f" {text} ") == ring.index(text)
    assert len(ring.index(text)) == 32
    assert ring.index("Ａ１２３ 4567") == ring.index("a1234567")
    assert ring.index("a") != ring.index("b")
    assert ring.index(text) != Keyring("k1", {}, b"j" * 32).index(text)


async def test_what_was_sealed_opens_at_its_place_and_in_no_other(begin: Begin) -> None:
    subject, row_id = new_id(), new_id()
    async with begin() as tx:
        sealed = await seal(tx, subject, PLACE, row_id, PLAIN)
        assert PLAIN.encode() not in sealed
        assert sealed != await seal(tx, subject, PLACE, row_id, PLAIN)
        other = await seal(tx, new_id(), PLACE, row_id, PLAIN)
    async with begin() as tx:
        assert await unseal(tx, subject, PLACE, row_id, sealed) == PLAIN
        for place, row, content in (
            ("users.name", row_id, sealed),
            (PLACE, new_id(), sealed),
            (PLACE, row_id, other),
            (PLACE, row_id, sealed[:-1]),
            (PLACE, row_id, b"\x02" + sealed[1:]),
            (PLACE, row_id, b""),
        ):
            with pytest.raises(SealBroken):
                await unseal(tx, subject, place, row, content)
        with pytest.raises(SealBroken):
            await unseal(tx, new_id(), PLACE, row_id, sealed)


async def test_an_erased_subjects_data_never_opens_again(begin: Begin) -> None:
    subject, row_id = new_id(), new_id()
    async with begin() as tx:
        sealed = await seal(tx, subject, PLACE, row_id, PLAIN)
        assert await unseal(tx, subject, PLACE, row_id, sealed) == PLAIN  # Now it is cached.
    for _ in range(2):
        async with begin() as tx:
            await erase_subject(tx, subject)
    async with begin() as tx:
        [row] = await tx.run("SELECT * FROM subject_keys WHERE subject = $1", subject)
        assert row["wrapped"] is None
        assert row["erased_at"] is not None
        with pytest.raises(Erased):
            await unseal(tx, subject, PLACE, row_id, sealed)
        with pytest.raises(Erased):
            await seal(tx, subject, PLACE, row_id, PLAIN)


async def test_a_subject_never_met_can_be_erased_beforehand(begin: Begin) -> None:
    subject = new_id()
    async with begin() as tx:
        await erase_subject(tx, subject)
    async with begin() as tx:
        with pytest.raises(Erased):
            await seal(tx, subject, PLACE, new_id(), PLAIN)


async def test_eight_first_seals_at_once_make_one_key(begin: Begin) -> None:
    subject, row_id = new_id(), new_id()
    ready = asyncio.Barrier(8)

    async def first_seal() -> bytes:
        async with begin() as tx:
            await ready.wait()
            return await seal(tx, subject, PLACE, row_id, PLAIN)

    everything = await asyncio.gather(*(first_seal() for _ in range(8)))
    async with begin() as tx:
        for sealed in everything:
            assert await unseal(tx, subject, PLACE, row_id, sealed) == PLAIN


async def test_a_reveal_says_who_read_what_and_why(begin: Begin) -> None:
    subject, row_id = new_id(), new_id()
    async with begin() as tx:
        sealed = await seal(tx, subject, PLACE, row_id, PLAIN)
        assert await reveal(tx, STAFF, "call back", subject, PLACE, row_id, sealed) == PLAIN
        with pytest.raises(ValueError):
            await reveal(tx, STAFF, " ", subject, PLACE, row_id, sealed)
        now = tx.now
    async with begin() as tx:
        [row] = await tx.run("SELECT * FROM reveals WHERE subject = $1", subject)
    told = {name: value for name, value in row.items() if name != "id"}
    assert told == {
        "at": now,
        "actor": STAFF.id,
        "role": "staff",
        "subject": subject,
        "place": PLACE,
        "row_id": row_id,
        "purpose": "call back",
    }


async def test_rewrapping_moves_every_key_to_the_current_one_in_batches(
    begin: Begin, tmp_path: Path
) -> None:
    subjects: list[UUID] = [new_id() for _ in range(5)]
    row_id = new_id()
    sealed = {}
    before = load(tmp_path, "k1", "k1", "k2")
    async with begin() as tx:
        own, tx.keyring = tx.keyring, before
        for subject in subjects:
            sealed[subject] = await seal(tx, subject, PLACE, row_id, PLAIN)
        await erase_subject(tx, subjects[0])
        after = load(tmp_path, "k2", "k1", "k2")
        tx.keyring = after
        mine = "SELECT wrapped FROM subject_keys WHERE subject = ANY($1)"
        assert await rewrap(tx, 2) == 2
        kinds = [str(row["wrapped"])[:3] for row in await tx.run(mine, subjects)]
        assert sorted(kinds) == ["Non", "k1:", "k1:", "k2:", "k2:"]
        assert await rewrap(tx, 10) == 2
        assert await rewrap(tx, 10) == 0
        tx.keyring = load(tmp_path, "k2", "k2")
        for subject in subjects[1:]:
            assert await unseal(tx, subject, PLACE, row_id, sealed[subject]) == PLAIN
        tx.keyring = own
