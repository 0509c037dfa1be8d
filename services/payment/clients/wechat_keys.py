"""Whom WeChat Pay's signatures come from: one public key, or certificates fetched and renewed."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from services.payment.domain.ports import ChannelUnavailable
from shared.kit.log import get_logger

RENEW_AFTER = timedelta(hours=12)
ASK_AGAIN_AFTER = timedelta(minutes=5)  # A forged serial must not make us ask the platform.
PAUSE = timedelta(seconds=2)  # After a fetch that failed: nothing can be paid without its keys.
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = get_logger(__name__)


class SealBroken(Exception):
    """What should open under the APIv3 key does not."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the merchant portal hands out."""

    appid: str
    mchid: str
    merchant_serial: str
    merchant_key: rsa.RSAPrivateKey
    apiv3_key: bytes
    category_code: str
    public_key_id: str  # Empty in certificate mode.
    public_key: rsa.RSAPublicKey | None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read ``wechat_pay.json`` and the files it names."""
        read = json.loads((folder / "wechat_pay.json").read_text())
        platform = read["platform"]
        by_key = platform["mode"] == "public_key"
        return cls(
            appid=read["appid"],
            mchid=read["mchid"],
            merchant_serial=read["merchant_serial"],
            merchant_key=_private((folder / read["merchant_private_key_file"]).read_bytes()),
            apiv3_key=(folder / read["apiv3_key_file"]).read_bytes().strip(),
            category_code=read["merchant_category_code"],
            public_key_id=platform["public_key_id"] if by_key else "",
            public_key=_public((folder / platform["public_key_file"]).read_bytes())
            if by_key
            else None,
        )

    def sign(self, text: str) -> str:
        """The merchant's signature in base64."""
        signature = self.merchant_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def open(self, sealed: dict[str, Any]) -> bytes:
        """Open a resource of a notice or a certificate. Raises SealBroken."""
        try:
            return AESGCM(self.apiv3_key).decrypt(
                str(sealed["nonce"]).encode(),
                base64.b64decode(str(sealed["ciphertext"]), validate=True),
                str(sealed.get("associated_data") or "").encode(),
            )
        except (InvalidTag, KeyError, ValueError, OverflowError) as broken:
            raise SealBroken from broken


class PlatformKeys:
    """The platform's public keys by serial.

    In certificate mode they are fetched when first needed, again after half a day, and at most
    every five minutes for an unknown serial. Whoever needs one while they are fetched waits; a
    known one is good meanwhile, and though the fetch fails.
    """

    def __init__(
        self, credentials: Credentials, fetch: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        self._credentials = credentials
        self._fetch = fetch
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._renewing = asyncio.Lock()
        self._known_until = _LONG_AGO  # From then on those known are renewed.
        self._unknown_until = _LONG_AGO  # Until then an unknown serial is not asked about.
        self._fetched = False  # Whether the last fetch was answered.
        if credentials.public_key is not None:
            self._keys[credentials.public_key_id] = credentials.public_key

    async def verifies(self, serial: str, text: bytes, signature: str, now: datetime) -> bool:
        """Whether this is the platform's signature of the text.

        Raises ChannelUnavailable where nobody can tell: the serial is unknown, and a fetch failed.
        """
        if self._credentials.public_key is None and (
            serial not in self._keys or self._wants_renewal(serial, now)
        ):
            async with self._renewing:
                if self._wants_renewal(serial, now):
                    await self._renew(now)
            if serial not in self._keys and not self._fetched:
                raise ChannelUnavailable("The certificates are missing.", retry_after_seconds=2)
        return self.matches(serial, text, signature)

    def _wants_renewal(self, serial: str, now: datetime) -> bool:
        return now >= (self._known_until if serial in self._keys else self._unknown_until)

    async def _renew(self, now: datetime) -> None:
        """Fetch and learn; where that fails, pauses only, and an unknown serial a short one."""
        self._fetched = False
        self._unknown_until = now + PAUSE
        self._known_until = max(self._known_until, now + ASK_AGAIN_AFTER)
        try:
            self.learn(await self._fetch())
        except ChannelUnavailable:
            log.warning("wechat_pay.certificates_missing", known=len(self._keys))
            return
        self._fetched = True
        self._unknown_until = now + ASK_AGAIN_AFTER
        self._known_until = now + RENEW_AFTER

    def learn(self, page: dict[str, Any]) -> None:
        """Take in a page of certificates; those known stay, for they overlap. Raises SealBroken."""
        for line in page["data"]:
            pem = self._credentials.open(line["encrypt_certificate"])
            key = x509.load_pem_x509_certificate(pem).public_key()
            if isinstance(key, rsa.RSAPublicKey):
                self._keys[str(line["serial_no"])] = key

    def matches(self, serial: str, text: bytes, signature: str) -> bool:
        """The same by the keys known already."""
        key = self._keys.get(serial)
        if key is None:
            return False
        try:
            raw = base64.b64decode(signature, validate=True)
            key.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def _private(pem: bytes) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the merchant's private key must be RSA")
    return key


def _public(pem: bytes) -> rsa.RSAPublicKey:
    key = load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the platform's public key must be RSA")
    return key
