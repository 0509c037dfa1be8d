"""The keys that sign access tokens, in a file that can be rotated while we run."""

import json
import os
import tempfile
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey

from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.tokens import SigningKey, sign

KEPT_MAX = 3  # The signing key and the two before it, which still verify.


class TokenKeys:
    """The AccessTokens port. The file is read anew when it has changed."""

    def __init__(self, file: Path, ttl_seconds: int) -> None:
        self.ttl_seconds = ttl_seconds
        self._file = file
        self._read_at = self._changed_at()
        self._key = SigningKey.load(file)

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
        return sign(self._current(), claims, now, self.ttl_seconds)

    def jwks(self) -> dict[str, Any]:
        """The public keys by which others verify."""
        return self._current().jwks

    def _current(self) -> SigningKey:
        changed_at = self._changed_at()
        if changed_at != self._read_at:
            self._key, self._read_at = SigningKey.load(self._file), changed_at
        return self._key

    def _changed_at(self) -> tuple[int, int]:
        found = self._file.stat()
        return found.st_mtime_ns, found.st_ino


def rotate(file: Path) -> str:
    """Put a fresh key first; those before it still verify, the oldest goes. The new key's id.

    The old signing key loses its private half, for nothing needs it any more.
    """
    keys = json.loads(file.read_text())["keys"]
    kid = f"user-{new_id()}"
    fresh = ECKey.generate_key("P-256", private=True).as_dict(private=True)
    public = [{name: key[name] for name in key if name != "d"} for key in keys]
    content = {"keys": [fresh | {"kid": kid, "use": "sig", "alg": "ES256"}, *public][:KEPT_MAX]}
    handle, path = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    with os.fdopen(handle, "w") as fresh_file:
        json.dump(content, fresh_file)
    Path(path).replace(file)  # Whole or not at all, and readable by its owner only.
    return kid
