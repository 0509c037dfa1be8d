"""What the promotion service reads from its environment."""

from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.kit.runtime import ServiceSettings


class Settings(ServiceSettings):
    """Variables carry the prefix ``PROMOTION_``."""

    model_config = SettingsConfigDict(
        env_prefix="PROMOTION_", extra="ignore", populate_by_name=True
    )
    name: ClassVar[str] = "promotion"
    callers: ClassVar[frozenset[str]] = frozenset({"order"})

    port: int = 8006
