"""Whom WeChat Pay's signatures come from: one public key, or certificates fetched and renewed."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
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

RENEW_AFTER = timedelta(hours=12)
ASK_AGAIN_AFTER = timedelta(minutes=5)  # A forged serial must not make us ask the platform.


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
    every five minutes for an unknown serial.
    """

    def __init__(
        self, credentials: Credentials, fetch: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        self._credentials = credentials
        self._fetch = fetch
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None
        if credentials.public_key is not None:
            self._keys[credentials.public_key_id] = credentials.public_key

    async def verifies(self, serial: str, text: bytes, signature: str, now: datetime) -> bool:
        """Whether this is the platform's signature of the text."""
        if self._credentials.public_key is None and self._wants_renewal(serial, now):
            self._asked_at = now
            self.learn(await self._fetch())
            self._fetched_at = now
        return self.matches(serial, text, signature)

    def _wants_renewal(self, serial: str, now: datetime) -> bool:
        if self._asked_at is not None and now < self._asked_at + ASK_AGAIN_AFTER:
            return False
        fetched = self._fetched_at
        return serial not in self._keys or fetched is None or now > fetched + RENEW_AFTER

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
