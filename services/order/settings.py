"""Settings of the order service."""

from pathlib import Path
from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.kit.runtime import ServiceSettings, shared


class Settings(ServiceSettings):
    """Read from the environment, prefix ``ORDER_``."""

    model_config = SettingsConfigDict(env_prefix="ORDER_", extra="ignore", populate_by_name=True)
    name: ClassVar[str] = "order"
    callers: ClassVar[frozenset[str]] = frozenset({"dispatch", "payment"})

    port: int = 8002
    request_bytes_max: int = 5_300_000  # A photo of 5 MB and the form around it.
    user_url: str = shared("USER_URL")  # type: ignore[assignment]
    promotion_url: str = shared("PROMOTION_URL")  # type: ignore[assignment]
    object_store_url: str = shared("OBJECT_STORE_URL")  # type: ignore[assignment]
    credentials_dir: Path = shared("SANDBOX_CREDENTIALS_DIR")  # type: ignore[assignment]
