"""The keys that sign access tokens, in a file that can be rotated while we run.

A fresh key is published at once and signs only when every verifier has surely fetched it: a token
of a key that a verifier does not know yet would be refused there.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey

from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.tokens import RELOAD_SECONDS, SigningKey, sign

KEPT_MAX = 3  # The key that signs and two beside it, which verify: the next or those before it.
PUBLISHED_SECONDS = RELOAD_SECONDS + 60  # Verifiers fetch so often; the minute is for a slow one.


class TokenKeys:
    """The AccessTokens port. The file is read anew when it has changed."""

    def __init__(self, file: Path, ttl_seconds: int) -> None:
        self.ttl_seconds = ttl_seconds
        self._file = file
        self._read_at = self._changed_at()
        self._keys = SigningKey.all_of(file)

    def sign(
        self, account_id: UUID, roles: AbstractSet[Role], session_id: UUID, now: datetime
    ) -> str:
        """A token that says who its bearer is and in which roles they may act."""
        claims = {
            "sub": str(account_id),
            "roles": sorted(roles),
            "sid": str(session_id),
            "jti": str(new_id()),
        }
        return sign(_signing(self._current(), now), claims, now, self.ttl_seconds)

    def jwks(self) -> dict[str, Any]:
        """The public keys by which others verify, that of a key which does not sign yet too."""
        return self._current()[0].jwks

    async def published(self) -> dict[str, Any]:
        """The same for our own verifier: it need not ask us over HTTP, so it has them at once."""
        return self.jwks()

    def _current(self) -> list[SigningKey]:
        changed_at = self._changed_at()
        if changed_at != self._read_at:
            self._keys, self._read_at = SigningKey.all_of(self._file), changed_at
        return self._keys

    def _changed_at(self) -> tuple[int, int]:
        found = self._file.stat()
        return found.st_mtime_ns, found.st_ino


def _signing(keys: Sequence[SigningKey], now: datetime) -> SigningKey:
    """The newest key whose time to sign has come; if a hand has left but younger ones, the oldest.

    The file has the newest key first.
    """
    return next((key for key in keys if key.signs_from <= now.timestamp()), keys[-1])


def rotate(file: Path, now: datetime) -> str:
    """Publish a fresh key, which signs in eleven minutes; its id. One that waits is fresh enough.

    Those before it still verify, the oldest goes. Only the one that signs until then keeps its
    private half, for nothing needs the others' any more.
    """
    newest, signing = SigningKey.all_of(file)[0], _signing(SigningKey.all_of(file), now)
    if newest.kid != signing.kid:
        return newest.kid
    keys = json.loads(file.read_text())["keys"]
    public = [{name: key[name] for name in key if name != "d"} for key in keys[1:]]
    fresh: dict[str, Any] = {**ECKey.generate_key("P-256", private=True).as_dict(private=True)}
    kid, signs_from = f"user-{new_id()}", int(now.timestamp()) + PUBLISHED_SECONDS
    fresh |= {"kid": kid, "use": "sig", "alg": "ES256", "nbf": signs_from}
    handle, path = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    with os.fdopen(handle, "w") as fresh_file:
        json.dump({"keys": [fresh, keys[0], *public][:KEPT_MAX]}, fresh_file)
    Path(path).replace(file)  # Whole or not at all, and readable by its owner only.
    return kid
