"""The fleet's keys, made once: `python -m deploy.local.secrets DIR`.

One signing key a service and their public halves, the keys of user tokens, the key-encryption key,
the key of the search index and that of one-time codes. Whatever is there already stays.
"""

import base64
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey

SERVICES = ("user", "order", "worker", "dispatch", "payment", "promotion")


@dataclass(frozen=True)
class Secrets:
    """Where each key lies."""

    folder: Path

    def signing_key(self, service: str) -> Path:
        """The private ES256 key that signs a service's internal calls."""
        return self.folder / f"{service}.jwk.json"

    @property
    def service_keys(self) -> Path:
        """The folder of public key sets, one a service."""
        return self.folder / "service-keys"

    @property
    def user_token_keys(self) -> Path:
        """The private key set that signs access tokens."""
        return self.folder / "user-tokens.jwks.json"

    @property
    def kek(self) -> Path:
        """The key-encryption keys, by name, and which is the current one."""
        return self.folder / "kek.json"

    @property
    def index_key(self) -> Path:
        """The key of the blind index by which sealed fields are found."""
        return self.folder / "index.key"

    @property
    def otp_key(self) -> Path:
        """The key under which one-time codes are hashed."""
        return self.folder / "otp.key"


def make(folder: Path) -> Secrets:
    """Make what is missing of the fleet's keys."""
    them = Secrets(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    them.service_keys.mkdir(exist_ok=True, mode=0o700)
    for service in SERVICES:
        _make_signing_key(them, service)
    _once(them.user_token_keys, lambda: json.dumps({"keys": [_new_key("user-1")]}))
    _once(them.kek, lambda: json.dumps({"current": "k1", "keys": {"k1": _random_key()}}))
    _once(them.index_key, _random_key)
    _once(them.otp_key, _random_key)
    return them


def _make_signing_key(them: Secrets, service: str) -> None:
    """A service's key and its public half, which follows the private one that is there."""
    private = them.signing_key(service)
    _once(private, lambda: json.dumps(_new_key(f"{service}-1")))
    key = json.loads(private.read_text())
    public = {"keys": [{name: key[name] for name in key if name != "d"}]}
    _once(them.service_keys / f"{service}.jwks.json", lambda: json.dumps(public))


def _new_key(kid: str) -> dict[str, object]:
    """A new private ES256 key."""
    key = ECKey.generate_key("P-256", private=True)
    return {**key.as_dict(private=True), "kid": kid, "use": "sig", "alg": "ES256"}


def _random_key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _once(path: Path, text: Callable[[], str]) -> None:
    """Write a private file unless it is there: whole or not at all, and the first writer wins."""
    if path.exists():
        return
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(text())
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
