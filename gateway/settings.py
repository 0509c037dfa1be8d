"""Settings of the gateway."""

from limits import parse
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment in ``__main__`` and passed down."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = 8000
    user_url: str = Field(validation_alias="USER_URL")
    order_url: str = Field(validation_alias="ORDER_URL")
    worker_url: str = Field(validation_alias="WORKER_URL")
    dispatch_url: str = Field(validation_alias="DISPATCH_URL")
    payment_url: str = Field(validation_alias="PAYMENT_URL")
    promotion_url: str = Field(validation_alias="PROMOTION_URL")
    jwks_url: str = Field(validation_alias="USER_JWKS_URL")
    sandbox_url: str = Field("", validation_alias="SANDBOX_URL")
    log_level: str = Field("info", validation_alias="LOG_LEVEL")
    trusted_proxies: int = Field(0, ge=0)  # Load balancers before us: how far back to read.

    # Start values of security 8.9, as "20/second" or "200 per 2 seconds"; "" lifts a limit.
    address_limit: str = "200 per 2 seconds"  # 100 a second, in bursts of 200.
    notify_limit: str = "200/second"  # Per address of a payment channel.
    otp_address_limit: str = "20/hour"  # Codes asked for, and as many log-ins by WeChat.
    account_limit: str = "20/second"
    order_limit: str = "10/minute"  # Orders an account places.
    claim_limit: str = "5/second"  # Coupons an account claims.
    search_limit: str = "10/second"  # Searches of an account; of an address where none is asked.

    body_bytes_max: int = Field(1_000_000, gt=0)
    file_bytes_max: int = Field(5_300_000, gt=0)  # 5 MB and the multipart form around it.
    deadline_seconds: float = Field(5.0, gt=0)  # To the answer's head, then between its pieces.
    file_deadline_seconds: float = Field(30.0, gt=0)  # A photo over a slow phone line.
    upstream_connections_max: int = Field(200, gt=0)  # To each service: one cannot take them all.
    requests_max: int = Field(1000, gt=0)  # At once; what comes on top is told to come back.
    arriving_max: int = Field(50, gt=0)  # Bodies still on their way from one network.
    held_bytes_max: int = Field(200_000_000, gt=0)  # Of all bodies that come in pieces.

    @field_validator(
        *("address_limit", "notify_limit", "otp_address_limit", "account_limit"),
        *("order_limit", "claim_limit", "search_limit"),
    )
    @classmethod
    def _readable(cls, text: str) -> str:
        if text:
            parse(text)
        return text

    def upstreams(self) -> dict[str, str]:
        """Where each service is called."""
        names = ("user", "order", "worker", "dispatch", "payment", "promotion")
        return {name: str(getattr(self, f"{name}_url")).rstrip("/") for name in names}
