"""Settings of the gateway."""

from pydantic import Field
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
    trusted_proxies: int = 0  # Load balancers in front of us; the address is read that far back.

    # Start values of security 8.9. A limit of "" is lifted.
    address_limit: str = "100/second"
    notify_limit: str = "200/second"  # The channels' own machines, for all of their addresses.
    account_limit: str = "20/second"
    otp_address_limit: str = "20/hour"

    body_bytes_max: int = 1_000_000
    file_bytes_max: int = 5_300_000  # wx.uploadFile: 5 MB and the multipart form around it.
    deadline_seconds: float = 5.0  # Then the caller gets 504, whatever the service still does.
    file_deadline_seconds: float = 30.0
    upstream_connections_max: int = 200  # To each service.

    def upstreams(self) -> dict[str, str]:
        """Where each service is called."""
        names = ("user", "order", "worker", "dispatch", "payment", "promotion")
        return {name: str(getattr(self, f"{name}_url")).rstrip("/") for name in names}
