"""Settings of the toy."""

from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.kit.runtime import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TOY_", extra="ignore", populate_by_name=True)
    name: ClassVar[str] = "toy"
    callers: ClassVar[frozenset[str]] = frozenset({"order"})
