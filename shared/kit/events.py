"""The envelope every event travels in, and the table of what is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

EVENTS: dict[str, type[Event]] = {}
"""Every event class by its type; filled as the contracts are imported."""


class Event(BaseModel):
    """A fact that happened, past tense, told once and never edited."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    type: ClassVar[str]  # "<publisher>.<fact>.v<n>"
    compacted: ClassVar[str | None] = None  # A compacted topic that keeps the last one per key.

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "type" in cls.__dict__:
            EVENTS[cls.type] = cls

    @classmethod
    def publisher(cls) -> str:
        return cls.type.partition(".")[0]

    def key(self) -> UUID:
        """What it is about; events with one key arrive in order."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Envelope:
    """The CloudEvents 1.0 attributes of one told event, with our two extensions."""

    id: UUID
    type: str
    source: str
    key: UUID
    time: datetime
    version: int  # Counts the events of this key at this publisher, from 1 without gaps.
    traceparent: str = ""
    causation: UUID | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers of the binary mode of the CloudEvents Kafka binding."""
        pairs = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": str(self.key),
            "time": self.time.isoformat(),
            "aggregateversion": str(self.version),
            "traceparent": self.traceparent,
            "causationid": str(self.causation) if self.causation else "",
        }
        told = [(f"ce_{name}", value.encode()) for name, value in pairs.items() if value]
        return [*told, ("content-type", b"application/json")]

    @classmethod
    def read(cls, headers: dict[str, bytes]) -> Envelope:
        """The envelope of a record; a KeyError or ValueError means that it is not one of ours."""
        text = {name.removeprefix("ce_"): value.decode() for name, value in headers.items()}
        causation = text.get("causationid")
        return cls(
            id=UUID(text["id"]),
            type=text["type"],
            source=text["source"],
            key=UUID(text["subject"]),
            time=datetime.fromisoformat(text["time"]),
            version=int(text["aggregateversion"]),
            traceparent=text.get("traceparent", ""),
            causation=UUID(causation) if causation else None,
        )
