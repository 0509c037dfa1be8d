"""What the worker service reads from its environment."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.runtime import ServiceSettings


class Settings(ServiceSettings):
    """Variables carry the prefix ``WORKER_``."""

    model_config = SettingsConfigDict(env_prefix="WORKER_", extra="ignore", populate_by_name=True)
    name: ClassVar[str] = "worker"
    callers: ClassVar[frozenset[str]] = frozenset({"dispatch", "order"})

    port: int = 8003
    # Seconds kept free before and after each job of a new worker: a ride across a district.
    travel_buffer_seconds: int = Field(default=900, ge=0, le=7_200)
