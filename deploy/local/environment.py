"""Every variable the launcher gives to a process of the fleet, in one table.

A value of the user's own wins where it does not name something the launcher itself runs: point
`WECHAT_PAY_URL` at production, set `ORDER_POOL_SIZE`, choose `LOG_LEVEL`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.ports import HOST
from deploy.local.secrets import SERVICES, Secrets

# What each process of a service gets under its own prefix ("ORDER_" + suffix).
OWN = {
    "DATABASE_URL": "its database, as the role that serves",
    "OWNER_DATABASE_URL": "its database, as the role that owns it; only `migrate` gets it",
    "HOST": "where it listens",
    "PORT": "where it listens",
    "SIGNING_KEY_FILE": "the private ES256 key that signs its internal calls",
}
GATEWAY = {
    "GATEWAY_HOST": "where the gateway listens",
    "GATEWAY_PORT": "where the gateway listens",
}
USER = {
    "USER_TOKEN_KEYS_FILE": "the private key set that signs access tokens",
    "USER_OTP_KEY_FILE": "the key under which one-time codes are hashed",
}
SISTERS = {f"{name.upper()}_URL": f"where {name} is called" for name in SERVICES}
# What the sandbox stands in for; a URL of the user's own points the clients at the real thing.
OUTSIDE = {
    "WECHAT_API_URL": "WeChat's mini-program API",
    "WECHAT_PAY_URL": "WeChat Pay v3",
    "SMS_URL": "the SMS provider",
    "BANK_URL": "the escrow bank",
    "OBJECT_STORE_URL": "object storage on S3's wire",
}
SHARED = {
    "KAFKA_BOOTSTRAP": "the broker",
    "KAFKA_LONG_POLL": "false on the light broker, which answers empty fetches at once",
    "TOPIC_PREFIX": "what every topic's name starts with",
    "SANDBOX_URL": "the sandbox, whose clock the fleet follows",
    "SANDBOX_CREDENTIALS_DIR": "what the portals of the outside world would have handed out",
    "SERVICE_KEYS_DIR": "the public key sets of the services",
    "KEK_FILE": "the key-encryption keys",
    "INDEX_KEY_FILE": "the key of the blind index",
    "PUBLIC_URL": "the gateway as the outside world calls it, for notify addresses",
    "USER_JWKS_URL": "the public keys of access tokens",
    "LOG_LEVEL": "how much is logged",
    **SISTERS,
    **OUTSIDE,
}
# The embedded default alone: whoever tries it comes from one address. Limits per account stay.
EMBEDDED = {
    "GATEWAY_ADDRESS_LIMIT": "",
    "GATEWAY_OTP_ADDRESS_LIMIT": "",
    "GATEWAY_NOTIFY_LIMIT": "",
    "GATEWAY_ARRIVING_MAX": "100000",
    "USER_PER_ADDRESS_LIMITS": "false",
}
# These may be set by the user although the launcher has a value for them.
USERS_WIN = {"LOG_LEVEL", "PUBLIC_URL", "SANDBOX_CREDENTIALS_DIR", *OUTSIDE}
# The launcher's own, which hold the passwords of every service: nobody else gets them.
NOT_PASSED_ON = ("DATABASE_URL_", "OWNER_DATABASE_URL_")


@dataclass(frozen=True)
class Facts:
    """What is known once ports are chosen: enough to write any process's environment."""

    ports: Mapping[str, int]
    databases: Mapping[str, Mapping[str, str]]  # service -> {"app": url, "owner": url}
    secrets: Secrets
    kafka_bootstrap: str
    kafka_long_poll: bool
    sandbox_credentials: Path
    topic_prefix: str = "jajaya"

    def url(self, name: str) -> str:
        """Where a process is called."""
        return f"http://{HOST}:{self.ports[name]}"


def facts_of(record: Mapping[str, Any]) -> Facts:
    """The same facts, read from the record of a running fleet."""
    return Facts(
        ports=record["ports"],
        databases=record["databases"],
        secrets=Secrets(Path(record["secrets"])),
        kafka_bootstrap=record["kafka_bootstrap"],
        kafka_long_poll=record["broker"] != "lite",
        sandbox_credentials=Path(record["sandbox_credentials"]),
        topic_prefix=record["topic_prefix"],
    )


def environment_of(
    name: str, facts: Facts, users: Mapping[str, str], *, port: str = "", owner: bool = False
) -> dict[str, str]:
    """The whole environment of a process of a service or of the gateway.

    `port` names the port it listens on where that is not its own name's.
    """
    ours = {**_shared(facts), **_own(name, facts, port or name, owner=owner)}
    kept = {key: value for key, value in users.items() if not key.startswith(NOT_PASSED_ON)}
    chosen = {key: kept[key] for key in USERS_WIN if kept.get(key)}
    return {**EMBEDDED, **kept, **ours, **chosen, "PYTHONUNBUFFERED": "1"}


def _own(name: str, facts: Facts, port: str, *, owner: bool) -> dict[str, str]:
    """The variables under the process's own prefix."""
    prefix = name.upper()
    own = {
        f"{prefix}_HOST": HOST,
        f"{prefix}_PORT": str(facts.ports[port]),
    }
    if name in SERVICES:
        own[f"{prefix}_SIGNING_KEY_FILE"] = str(facts.secrets.signing_key(name))
    if name in facts.databases:
        own[f"{prefix}_DATABASE_URL"] = facts.databases[name]["app"]
    if owner:
        own[f"{prefix}_OWNER_DATABASE_URL"] = facts.databases[name]["owner"]
    if name == "user":
        own["USER_TOKEN_KEYS_FILE"] = str(facts.secrets.user_token_keys)
        own["USER_OTP_KEY_FILE"] = str(facts.secrets.otp_key)
    return own


def _shared(facts: Facts) -> dict[str, str]:
    """The variables every process gets alike."""
    sandbox = facts.url("sandbox")
    return {
        "KAFKA_BOOTSTRAP": facts.kafka_bootstrap,
        "KAFKA_LONG_POLL": "true" if facts.kafka_long_poll else "false",
        "TOPIC_PREFIX": facts.topic_prefix,
        "SANDBOX_URL": sandbox,
        "SANDBOX_CREDENTIALS_DIR": str(facts.sandbox_credentials),
        "SERVICE_KEYS_DIR": str(facts.secrets.service_keys),
        "KEK_FILE": str(facts.secrets.kek),
        "INDEX_KEY_FILE": str(facts.secrets.index_key),
        "PUBLIC_URL": facts.url("gateway"),
        "USER_JWKS_URL": facts.url("user") + "/.well-known/jwks.json",
        "LOG_LEVEL": "info",
        **{f"{service.upper()}_URL": facts.url(service) for service in SERVICES},
        **{variable: sandbox for variable in OUTSIDE},
    }
