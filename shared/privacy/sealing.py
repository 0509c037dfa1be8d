"""Personal fields, sealed: a data key per subject, wrapped by a key outside the database.

Sealed bytes are ``format, data-key version, nonce, AES-256-GCM``, bound to their place and row, so
they open nowhere else. Erasing a subject's key erases all that was sealed for them.
"""

import base64
import hashlib
import hmac
import json
import os
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kit.caller import Caller
from shared.kit.errors import Gone
from shared.kit.ids import new_id

if TYPE_CHECKING:
    from shared.kit.session import Transaction

KEY_BYTES, NONCE_BYTES, UNWRAPPED_MAX = 32, 12, 10_000
_DATA_KEY_VERSION = 1
_PREFIX = bytes([1, _DATA_KEY_VERSION])  # The first byte is the format.
_KEY = "SELECT wrapped FROM subject_keys WHERE subject = $1"
_KEY_OR_NEW = f"""
WITH known AS ({_KEY}),
made AS (
    INSERT INTO subject_keys (subject, wrapped, created_at)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (subject) DO NOTHING RETURNING wrapped
)
SELECT wrapped FROM known UNION ALL SELECT wrapped FROM made
"""


class Erased(Gone):
    """What was kept about this person has been erased."""


class SealBroken(Exception):
    """Sealed bytes were changed, moved to another row, or belong to a key we do not hold."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys outside the database: those that wrap data keys, and the one that indexes.

    Unwrapped keys are cached by their wrapped text, which is read from the subject's row each time:
    once that is erased no cache of any process finds the key again.
    """

    current: str
    wrapping: dict[str, AESGCM] = field(repr=False)
    index_key: bytes = field(repr=False)
    _unwrapped: OrderedDict[str, bytes] = field(default_factory=OrderedDict, repr=False)

    @classmethod
    def load(cls, kek_file: Path, index_key_file: Path) -> Self:
        """Read ``{"current": "k1", "keys": {"k1": base64}}`` and the base64 index key."""
        kek = json.loads(kek_file.read_text())
        wrapping = {kid: AESGCM(_key(text)) for kid, text in kek["keys"].items()}
        if kek["current"] not in wrapping or any(":" in kid for kid in wrapping):
            raise ValueError(f"{kek_file} lacks its current key, or the id of a key has a colon")
        return cls(kek["current"], wrapping, _key(index_key_file.read_text()))

    def wrap(self, dek: bytes) -> str:
        """A data key as the database may hold it: ``k1:…``."""
        sealed = _close(self.wrapping[self.current], dek, self.current.encode())
        return f"{self.current}:{base64.b64encode(sealed).decode()}"

    def unwrap(self, wrapped: str) -> bytes:
        """The data key in a wrapped text. Raises SealBroken."""
        if (known := self._unwrapped.get(wrapped)) is not None:
            return known
        kid, _, text = wrapped.partition(":")
        if kid not in self.wrapping:
            raise SealBroken(f"no key {kid!r} unwraps this")
        dek = _open(self.wrapping[kid], base64.b64decode(text), kid.encode())
        self._unwrapped[wrapped] = dek
        if len(self._unwrapped) > UNWRAPPED_MAX:
            self._unwrapped.popitem(last=False)
        return dek

    def index(self, text: str) -> bytes:
        """A blind index to search by; texts that differ in case, width or spaces have the same."""
        plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
        return hmac.digest(self.index_key, plain.encode(), hashlib.sha256)


async def seal(tx: "Transaction", subject: UUID, place: str, row_id: UUID, text: str) -> bytes:
    """Seal a subject's text for one column (``"users.phone"``) of one row. Raises Erased."""
    dek = await _data_key(tx, subject, make=True)
    return _PREFIX + _close(AESGCM(dek), text.encode(), _bound_to(place, row_id))


async def unseal(tx: "Transaction", subject: UUID, place: str, row_id: UUID, sealed: bytes) -> str:
    """Open what was sealed for this place and row. Raises Erased; SealBroken is tampering."""
    if sealed[:2] != _PREFIX:
        raise SealBroken(f"{place} of {row_id} has an unknown format")
    dek = await _data_key(tx, subject, make=False)
    return _open(AESGCM(dek), sealed[2:], _bound_to(place, row_id)).decode()


def note_data_key(tx: "Transaction", subject: UUID, wrapped: str | None) -> None:
    """Spare this transaction's seals the look for a key that a reading of theirs brought along.

    Where there is none the seals look for themselves, and refuse.
    """
    if wrapped is not None:
        tx.data_keys[subject] = tx.keyring.unwrap(wrapped)


async def reveal(
    tx: "Transaction",
    caller: Caller,
    purpose: str,
    subject: UUID,
    place: str,
    row_id: UUID,
    sealed: bytes,
) -> str:
    """Open it for a person to read, and record who read it and why. Raises Erased."""
    if not purpose.strip():
        raise ValueError("a reveal needs a purpose")
    text = await unseal(tx, subject, place, row_id, sealed)
    tx.later(
        "INSERT INTO reveals (id, at, actor, role, subject, place, row_id, purpose)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(new_id(), tx.now, caller.id, str(caller.role), subject, place, row_id, purpose),
    )
    return text


async def erase_subject(tx: "Transaction", subject: UUID) -> None:
    """Destroy the subject's data key: nothing sealed for them opens, or can be sealed, again."""
    tx.data_keys.pop(subject, None)
    await tx.run(
        "INSERT INTO subject_keys AS k (subject, wrapped, created_at, erased_at)"
        " VALUES ($1, NULL, $2, $2) ON CONFLICT (subject) DO UPDATE"
        " SET wrapped = NULL, erased_at = coalesce(k.erased_at, excluded.erased_at)",
        *(subject, tx.now),
    )


async def rewrap(tx: "Transaction", limit: int) -> int:
    """Wrap up to this many data keys anew by the current key; 0 when no other key wraps any."""
    retired = [kid for kid in tx.keyring.wrapping if kid != tx.keyring.current]
    rows = await tx.run(
        "SELECT subject, wrapped FROM subject_keys WHERE split_part(wrapped, ':', 1) = ANY($1)"
        " LIMIT $2 FOR UPDATE SKIP LOCKED",
        *(retired, limit),
    )
    for row in rows:
        wrapped = tx.keyring.wrap(tx.keyring.unwrap(row["wrapped"]))
        sql = "UPDATE subject_keys SET wrapped = $2 WHERE subject = $1"
        await tx.run(sql, row["subject"], wrapped)
    return len(rows)


async def _data_key(tx: "Transaction", subject: UUID, *, make: bool) -> bytes:
    if (known := tx.data_keys.get(subject)) is not None:
        return known
    if make:
        fresh = tx.keyring.wrap(os.urandom(KEY_BYTES))
        rows = await tx.run(_KEY_OR_NEW, subject, fresh, tx.now)
    # Of two that make a first key at once one insert wins, and the other reads that one.
    if not make or not rows:
        rows = await tx.run(_KEY, subject)
    if not rows:
        raise SealBroken(f"no data key was ever made for {subject}")
    if rows[0]["wrapped"] is None:
        raise Erased("This person's data has been erased.")
    tx.data_keys[subject] = tx.keyring.unwrap(rows[0]["wrapped"])
    return tx.data_keys[subject]


def _bound_to(place: str, row_id: UUID) -> bytes:
    return f"{place}.{row_id}.{_DATA_KEY_VERSION}".encode()


def _close(key: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, bound_to)


def _open(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as broken:
        raise SealBroken("the seal does not match its key, place and row") from broken


def _key(text: str) -> bytes:
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {len(key)} bytes, not {KEY_BYTES}")
    return key
