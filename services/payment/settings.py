"""What the payment service reads from its environment."""

from pathlib import Path
from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.kit.runtime import ServiceSettings, shared


class Settings(ServiceSettings):
    """Prefix ``PAYMENT_``; addresses of outside systems are shared by the fleet."""

    model_config = SettingsConfigDict(env_prefix="PAYMENT_", extra="ignore", populate_by_name=True)
    name: ClassVar[str] = "payment"

    port: int = 8005
    order_url: str = shared("ORDER_URL")  # type: ignore[assignment]
    public_url: str = shared("PUBLIC_URL")  # type: ignore[assignment]  # Where channels notify us.
    wechat_pay_url: str = shared("WECHAT_PAY_URL")  # type: ignore[assignment]
    wechat_api_url: str = shared("WECHAT_API_URL")  # type: ignore[assignment]
    bank_url: str = shared("BANK_URL")  # type: ignore[assignment]
    # What the portals of WeChat Pay, the mini-program and the bank handed out.
    credentials_dir: Path = shared("SANDBOX_CREDENTIALS_DIR")  # type: ignore[assignment]
    channel_seconds_max: float = 4.0  # For one call to a channel or the bank; it is tried twice.
    notice_seconds_max: float = 2.0  # To answer a notice; over it, the channel sends it again.
    payments_per_minute_max: int = 10  # Attempts one user may begin (security 8.9).
