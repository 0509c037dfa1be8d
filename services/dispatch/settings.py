"""What dispatch reads from its environment."""

from typing import ClassVar

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from services.dispatch.domain.search import SearchRules
from shared.contracts.shapes import Urgency
from shared.kit.runtime import ServiceSettings, shared


class Settings(ServiceSettings):
    """Variables carry the prefix ``DISPATCH_``."""

    model_config = SettingsConfigDict(env_prefix="DISPATCH_", extra="ignore", populate_by_name=True)
    name: ClassVar[str] = "dispatch"
    callers: ClassVar[frozenset[str]] = frozenset({"order"})

    port: int = 8004
    worker_url: str = shared("WORKER_URL")  # type: ignore[assignment]
    order_url: str = shared("ORDER_URL")  # type: ignore[assignment]

    # Metres from the job, tried one after the other: near workers first.
    radius_steps_m: tuple[int, ...] = (3_000, 5_000, 8_000, 12_000)
    # Seconds a worker has to answer: less where somebody stands at the roadside.
    rescue_offer_seconds: int = Field(default=15, ge=1)
    same_day_offer_seconds: int = Field(default=60, ge=1)
    scheduled_offer_seconds: int = Field(default=600, ge=1)
    # Seconds until the next look when nobody was found; a worker coming online wakes it earlier.
    rescue_retry_seconds: int = Field(default=3, ge=1)
    same_day_retry_seconds: int = Field(default=5, ge=1)
    scheduled_retry_seconds: int = Field(default=20, ge=1)
    escalated_retry_seconds: int = Field(default=60, ge=1)  # After the deadline: staff look too.
    fresh_seconds: int = Field(default=120, ge=1)  # An older position does not count.
    offers_per_order_max: int = Field(default=2, ge=1)  # To one worker: more is pestering.
    claim_seconds: int = Field(default=5, ge=1)  # Longer than an accept takes; then a timer helps.
    position_every_seconds: float = Field(default=3, ge=0)  # Per worker; 0 lifts the limit.
    # The longest way a worker may promise: so many times the ETA, and so many seconds more. The
    # ETA is an estimate, and storms slow everybody; yet who waits must know when help is late.
    promise_eta_factor: float = Field(default=1.5, ge=1, allow_inf_nan=False)
    promise_margin_seconds: int = Field(default=600, ge=0)

    @field_validator("radius_steps_m")
    @classmethod
    def _widens(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if not steps or list(steps) != sorted(set(steps)) or steps[0] <= 0:
            raise ValueError("must be rising distances in metres")
        return steps

    def rules(self) -> SearchRules:
        """The figures of a search."""
        return SearchRules(
            radius_steps_m=self.radius_steps_m,
            offer_seconds={
                Urgency.RESCUE: self.rescue_offer_seconds,
                Urgency.SAME_DAY: self.same_day_offer_seconds,
                Urgency.SCHEDULED: self.scheduled_offer_seconds,
            },
            retry_seconds={
                Urgency.RESCUE: self.rescue_retry_seconds,
                Urgency.SAME_DAY: self.same_day_retry_seconds,
                Urgency.SCHEDULED: self.scheduled_retry_seconds,
            },
            escalated_retry_seconds=self.escalated_retry_seconds,
            fresh_seconds=self.fresh_seconds,
            offers_per_order_max=self.offers_per_order_max,
            claim_seconds=self.claim_seconds,
            position_every_seconds=self.position_every_seconds,
            promise_eta_factor=self.promise_eta_factor,
            promise_margin_seconds=self.promise_margin_seconds,
        )
