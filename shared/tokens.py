"""ES256 tokens: those of people, signed by one service and verified by all, and those of services.

A token's header chooses nothing but the id of the key.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.kit.caller import Caller, Role
from shared.kit.errors import Unauthenticated, Unavailable
from shared.kit.log import get_logger

ALGORITHM = "ES256"
ISSUER, AUDIENCE = "jajaya", "jajaya-api"
ACCESS_TYPE, SERVICE_TYPE = "at+jwt", "svc+jwt"
LEEWAY = timedelta(seconds=5)
SERVICE_TTL_SECONDS, RENEW_SECONDS = 300, 60
REFETCH_SECONDS, RELOAD_SECONDS, FETCH_SECONDS_MAX = 10, 600, 2
CHARACTERS_MAX, REMEMBERED_MAX = 4096, 10_000
_WRONG = (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)

log = get_logger(__name__)
K = TypeVar("K")
V = TypeVar("V")
Keys = Mapping[str, ECKey]


class TokenRefused(Unauthenticated):
    """The token is not one of ours, is meant for somebody else, or is over."""


class KeyUnknown(TokenRefused):
    """The token names a key that we do not know."""


class KeysMissing(Unavailable):
    """The keys that tell tokens apart have not come yet; try again soon."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private ES256 key, and the public halves of all keys of its file."""

    kid: str
    private: ECKey
    jwks: dict[str, Any]  # What others verify by: a JSON Web Key Set.
    signs_from: int = 0  # Unix time; until then it is only published. "nbf" in the file.

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a private JWK, or a set: its first key signs, the others are still published."""
        return cls.all_of(file)[0]

    @classmethod
    def all_of(cls, file: Path) -> list[Self]:
        """Every private key of a file, in its order; the first one of the file must be."""
        read = json.loads(file.read_text())
        jwks = read.get("keys", [read])
        keys = [ECKey.import_key(jwk) for jwk in jwks]
        if any(key.curve_name != "P-256" or not key.kid for key in keys) or not keys[0].is_private:
            raise ValueError(f"{file} must hold P-256 keys with a kid, the first one private")
        public = {"keys": [key.as_dict(private=False, use="sig", alg=ALGORITHM) for key in keys]}
        return [
            cls(str(key.kid), key, public, int(jwk.get("nbf", 0)))
            for jwk, key in zip(jwks, keys, strict=True)
            if key.is_private
        ]


def sign(
    key: SigningKey, claims: dict[str, Any], now: datetime, ttl_seconds: int, typ: str = ACCESS_TYPE
) -> str:
    """A token of these claims, valid from now; issuer and audience are the fleet's unless given."""
    issued = int(now.timestamp())
    times = {"iat": issued, "exp": issued + ttl_seconds}
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": typ}
    everything = {"iss": ISSUER, "aud": AUDIENCE} | claims | times
    return jwt.encode(header, everything, key.private, algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a person's access token says."""

    account_id: UUID
    roles: frozenset[Role]
    session_id: UUID
    expires_at: datetime


class UserTokens:
    """Verifies people's tokens by fetched keys; those verified are remembered, for repeats."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Mapping[str, Any]]],
        refetch_seconds: float = REFETCH_SECONDS,
    ) -> None:
        self._fetch = fetch
        self.refetch_seconds = refetch_seconds  # Unknown keys make one fetch in so long.
        self._fetching = asyncio.Lock()
        self._fetched_at = float("-inf")
        self._keys: Keys = {}
        self._verified = Newest[str, AccessClaims]()

    @property
    def has_keys(self) -> bool:
        """Whether any token can be told from another yet."""
        return bool(self._keys)

    async def keep_fresh(self, every_seconds: float = RELOAD_SECONDS) -> None:
        """Fetch the keys now and ever again, each second until there are any; until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(every_seconds if self._keys else 1)

    async def refresh(self) -> None:
        """Fetch the keys; the last good ones stay if that does not work."""
        self._fetched_at = time.monotonic()
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                keys = _public_keys(await self._fetch())
        except Exception as lost:  # Whatever it stumbles over, the keys we have still serve.
            known = len(self._keys)
            log.warning("tokens.keys_not_fetched", reason=type(lost).__name__, known=known)
            return
        if not self._keys.keys() <= keys.keys():
            self._verified.clear()  # A withdrawn key must not live on in remembered tokens.
        self._keys = keys

    async def verify(self, token: str, now: datetime) -> AccessClaims:
        """Whom a token speaks for; an unknown key is fetched. Raises TokenRefused, KeysMissing."""
        known = self._verified.get(token)
        if known is None:
            try:
                known = self._verify(token, now)
            except KeyUnknown:
                async with self._fetching:
                    if time.monotonic() - self._fetched_at >= self.refetch_seconds:
                        await self.refresh()
                if not self._keys:  # A 401 would log people out whose tokens are good.
                    raise KeysMissing(retry_after_seconds=1) from None
                known = self._verify(token, now)
            self._verified[token] = known
        _check_end(known.expires_at, now)
        return known

    def _verify(self, token: str, now: datetime) -> AccessClaims:
        with _refusing():
            find = self._keys.get
            claims, end = _open(token, ACCESS_TYPE, AUDIENCE, now, lambda kid, _: find(kid))
            roles = frozenset(Role(role) for role in claims["roles"])
            if claims["iss"] != ISSUER or Role.SYSTEM in roles:
                raise TokenRefused("The token is not a person's.")
            return AccessClaims(UUID(claims["sub"]), roles, UUID(claims["sid"]), end)


@dataclass
class ServiceTokens:
    """Signs our calls to other services and verifies theirs, by a folder of public key sets.

    Only those named as callers are known: another service's token is nobody's here.
    """

    name: str
    signing_key: SigningKey
    keys_dir: Path
    callers: frozenset[str] = frozenset()
    refetch_seconds: float = REFETCH_SECONDS  # Unknown keys make one reading in so long.

    def __post_init__(self) -> None:
        self._issued = Newest[tuple[str, Caller], tuple[str, datetime]]()
        self._verified = Newest[str, tuple[str, Caller, datetime]]()
        self._keys: dict[str, Keys] = {}
        self._loaded_at = float("-inf")

    def issue(self, audience: str, caller: Caller, now: datetime) -> str:
        """A token for one service, saying for whom we call; kept until a minute before its end."""
        token, renew_at = self._issued.get((audience, caller), ("", now))
        if now >= renew_at:
            claims = {"iss": self.name, "aud": audience, "sub": str(caller.id), "role": caller.role}
            token = sign(self.signing_key, claims, now, SERVICE_TTL_SECONDS, SERVICE_TYPE)
            renew_at = now + timedelta(seconds=SERVICE_TTL_SECONDS - RENEW_SECONDS)
            self._issued[audience, caller] = token, renew_at
        return token

    def verify(self, token: str, now: datetime) -> tuple[str, Caller]:
        """Which service calls us, and for whom. Raises TokenRefused."""
        if (known := self._verified.get(token)) is None:
            with _refusing():
                claims, end = _open(token, SERVICE_TYPE, self.name, now, self._key_of)
                caller = Caller(UUID(claims["sub"]), Role(claims["role"]))
                known = self._verified[token] = claims["iss"], caller, end
        issuer, caller, ends_at = known
        _check_end(ends_at, now)
        return issuer, caller

    def _key_of(self, kid: str, claims: dict[str, Any]) -> ECKey | None:
        """The key of this id among the issuer's own; a file's name says whose keys it holds."""
        issuer = str(claims.get("iss"))
        age = time.monotonic() - self._loaded_at
        unknown = kid not in self._keys.get(issuer, {})
        if age >= RELOAD_SECONDS or (unknown and age >= self.refetch_seconds):
            self._load_keys()
        return self._keys.get(issuer, {}).get(kid)

    def _load_keys(self) -> None:
        self._loaded_at = time.monotonic()
        self._verified.clear()
        before, self._keys = self._keys, {}
        for name in sorted(self.callers):
            file = self.keys_dir / f"{name}.jwks.json"
            if not file.exists():
                continue
            try:
                self._keys[name] = _public_keys(json.loads(file.read_text()))
            except (OSError, *_WRONG) as broken:
                log.warning("tokens.keys_unreadable", of=name, reason=type(broken).__name__)
                self._keys[name] = before.get(name, {})


class Newest(OrderedDict[K, V]):
    """A dictionary that forgets the oldest of more than ten thousand."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > REMEMBERED_MAX:
            self.popitem(last=False)


def _public_keys(jwks: Mapping[str, Any]) -> Keys:
    """The P-256 keys of a set by id; others are not ours to use. A set without any is refused."""
    usable = [jwk for jwk in jwks["keys"] if jwk.get("crv") == "P-256" and jwk.get("kid")]
    if not usable:
        raise ValueError("no usable key")
    return {jwk["kid"]: ECKey.import_key(jwk) for jwk in usable}


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except _WRONG as wrong:
        raise TokenRefused("The token cannot be verified.") from wrong


def _open(
    token: str,
    typ: str,
    audience: str,
    now: datetime,
    key_of: Callable[[str, dict[str, Any]], ECKey | None],
) -> tuple[dict[str, Any], datetime]:
    """The claims of a token that is whole, of this type and for this audience; and its end."""
    if len(token) > CHARACTERS_MAX:
        raise TokenRefused("The token is too long.")
    opened = jws.extract_compact(token.encode("ascii"))
    header, claims = opened.headers(), json.loads(opened.payload)
    kid = header["kid"]
    if header != {"alg": ALGORITHM, "typ": typ, "kid": kid} or claims["aud"] != audience:
        raise TokenRefused("The token is of another kind, or meant for somebody else.")
    if (key := key_of(kid, claims)) is None:
        raise KeyUnknown("The token names a key that we do not know.")
    if not jws.validate_compact(opened, key, algorithms=[ALGORITHM]):
        raise TokenRefused("The token is not signed by that key.")
    if now < datetime.fromtimestamp(claims["iat"], UTC) - LEEWAY:
        raise TokenRefused("The token is not valid yet.")
    return claims, datetime.fromtimestamp(claims["exp"], UTC)


def _check_end(ends_at: datetime, now: datetime) -> None:
    if now >= ends_at + LEEWAY:
        raise TokenRefused("The token is over.")
