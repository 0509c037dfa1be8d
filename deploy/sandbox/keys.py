"""Keys and credentials, made once: what the portals would let a merchant download.

`credentials/` is what the fleet gets; `keys/` holds what only the other side ever sees.
"""

import datetime as dt
import json
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

PUBLIC_KEY, CERTIFICATE = "public_key", "certificate"
YEARS_OF_CERTIFICATE = 30


def make(home: Path, platform_mode: str = PUBLIC_KEY) -> bool:
    """Make keys and credentials under a home that has none yet; whether any were made."""
    credentials, keys = home / "credentials", home / "keys"
    if (credentials / "made").exists():
        return False
    for folder in (credentials, keys):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_wechat_pay(credentials, keys, platform_mode)
    make_wechat_app(credentials)
    make_bank(credentials)
    make_sms(credentials)
    make_object_store(credentials)
    (credentials / "made").write_text("once\n", encoding="utf-8")
    return True


def make_wechat_pay(credentials: Path, keys: Path, platform_mode: str) -> None:
    """A merchant with a certificate's key, an APIv3 key and the platform's public half."""
    merchant, platform, certified = new_key(), new_key(), new_key()
    serial, public_key_id = hex_serial(), "PUB_KEY_ID_01" + digits(30)
    write(credentials / "wechat_pay_merchant.pem", private_pem(merchant))
    write(credentials / "wechat_pay_apiv3.key", secrets.token_hex(16).encode())
    write(credentials / "wechat_pay_platform_public.pem", public_pem(platform.public_key()))
    write(keys / "wechat_pay_merchant_public.pem", public_pem(merchant.public_key()))
    write(keys / "wechat_pay_platform.pem", private_pem(platform))
    write(keys / "wechat_pay_platform_certified.pem", private_pem(certified))
    write(keys / "wechat_pay_platform_certificate.pem", certificate(certified))
    write_json(
        credentials / "wechat_pay.json",
        {
            "appid": read_appid(credentials),
            "mchid": "190" + digits(7),
            "merchant_serial": serial,
            "merchant_private_key_file": "wechat_pay_merchant.pem",
            "apiv3_key_file": "wechat_pay_apiv3.key",
            "platform": {
                "mode": platform_mode,
                "public_key_id": public_key_id,
                "public_key_file": "wechat_pay_platform_public.pem",
            },
            "merchant_category_code": "7299",
        },
    )


def read_appid(credentials: Path) -> str:
    """The mini-program's appid: the same for login and for payment."""
    file = credentials / "wechat_app.json"
    if not file.exists():
        write_json(file, {"appid": "wx" + secrets.token_hex(8), "secret_file": "wechat_app.secret"})
    return str(json.loads(file.read_text(encoding="utf-8"))["appid"])


def make_wechat_app(credentials: Path) -> None:
    """The mini-program's secret for login."""
    read_appid(credentials)
    write(credentials / "wechat_app.secret", secrets.token_hex(16).encode())


def make_bank(credentials: Path) -> None:
    """The shared secret of the escrow bank."""
    write(credentials / "bank.secret", secrets.token_hex(32).encode())
    bank = {"key_id": "jajaya-" + secrets.token_hex(4), "secret_file": "bank.secret"}
    write_json(credentials / "bank.json", bank)


def make_sms(credentials: Path) -> None:
    """The account of the message carrier."""
    write(credentials / "sms.token", secrets.token_hex(16).encode())
    account = {
        "account_sid": "AC" + secrets.token_hex(16),
        "auth_token_file": "sms.token",
        "from": "+85258080000",
    }
    write_json(credentials / "sms.json", account)


def make_object_store(credentials: Path) -> None:
    """The access key of the object store and the bucket it opens."""
    write(credentials / "object_store.secret", secrets.token_urlsafe(30).encode())
    store = {
        "access_key": "AK" + secrets.token_hex(9).upper(),
        "secret_key_file": "object_store.secret",
        "bucket": "jajaya-files",
        "region": "ap-east-1",
    }
    write_json(credentials / "object_store.json", store)


@dataclass(frozen=True)
class Keys:
    """What the other side knows of the merchant, read once."""

    home: Path

    def credential(self, name: str) -> dict[str, Any]:
        """One file of credentials, as its reader gets it."""
        text = (self.home / "credentials" / f"{name}.json").read_text(encoding="utf-8")
        loaded: dict[str, Any] = json.loads(text)
        return loaded

    def secret(self, file: str) -> bytes:
        """The bytes of one secret."""
        return (self.home / "credentials" / file).read_bytes().strip()

    @cached_property
    def wechat_pay(self) -> dict[str, Any]:
        """The merchant at WeChat Pay."""
        return self.credential("wechat_pay")

    @cached_property
    def apiv3_key(self) -> bytes:
        """The key that notices and certificates are sealed with."""
        return self.secret(self.wechat_pay["apiv3_key_file"])

    @cached_property
    def merchant_public_key(self) -> rsa.RSAPublicKey:
        """What the merchant's signatures are checked with."""
        loaded = serialization.load_pem_public_key(self._key("wechat_pay_merchant_public.pem"))
        assert isinstance(loaded, rsa.RSAPublicKey)
        return loaded

    @cached_property
    def certificate_pem(self) -> bytes:
        """The platform's certificate."""
        return self._key("wechat_pay_platform_certificate.pem")

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The platform's certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate_pem)

    @cached_property
    def certificate_serial(self) -> str:
        """The serial that signatures by the certificate's key name."""
        return f"{self.certificate.serial_number:X}"

    @cached_property
    def _signers(self) -> dict[str, rsa.RSAPrivateKey]:
        files = {
            self.wechat_pay["platform"]["public_key_id"]: "wechat_pay_platform.pem",
            self.certificate_serial: "wechat_pay_platform_certified.pem",
        }
        return {serial: private_key(self._key(file)) for serial, file in files.items()}

    @property
    def own_serial(self) -> str:
        """Which of its two keys the platform signs with when nobody asks for one."""
        platform = self.wechat_pay["platform"]
        if platform["mode"] == PUBLIC_KEY:
            return str(platform["public_key_id"])
        return self.certificate_serial

    def knows(self, serial: str) -> bool:
        """Whether the platform has a key of this serial."""
        return serial in self._signers

    def sign(self, serial: str, text: bytes) -> bytes:
        """The platform's signature by the key of this serial."""
        return self._signers[serial].sign(text, padding.PKCS1v15(), hashes.SHA256())

    def _key(self, file: str) -> bytes:
        return (self.home / "keys" / file).read_bytes()


def private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Read a private key."""
    loaded = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


def new_key() -> rsa.RSAPrivateKey:
    """A fresh RSA key of the length the network uses."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS#8 text of a private key."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: rsa.RSAPublicKey) -> bytes:
    """Text of a public key."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def certificate(key: rsa.RSAPrivateKey) -> bytes:
    """The platform's certificate, long enough for any clock a test advances to."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox of the payment platform")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int(hex_serial(), 16))
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365 * YEARS_OF_CERTIFICATE))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def hex_serial() -> str:
    """Forty hex digits without a leading zero, as certificates of the network have."""
    return f"{secrets.randbits(156) | 1 << 157:040X}"


def digits(count: int) -> str:
    """So many random digits."""
    return "".join(str(secrets.randbelow(10)) for _ in range(count))


def write(file: Path, content: bytes) -> None:
    """Write a file that only its owner reads."""
    file.touch(mode=0o600)
    file.write_bytes(content)


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write one file of credentials."""
    write(file, (json.dumps(content, indent=2) + "\n").encode())
