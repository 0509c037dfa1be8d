"""The AsyncAPI 3 document, made from the contracts: what is told, where, in which shape."""

import importlib
import pkgutil
from typing import Any

import shared.contracts
from shared.kit.events import EVENTS, Event


def document() -> dict[str, Any]:
    """Every event of every publisher; one channel a topic."""
    for module in pkgutil.iter_modules(shared.contracts.__path__):
        importlib.import_module(f"shared.contracts.{module.name}")
    told = {type: e for type, e in EVENTS.items() if e.__module__.startswith("shared.contracts.")}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for type, event in sorted(told.items()):
        messages[type] = _message(event)
        schemas |= _schemas(event)
        for topic in filter(None, (event.publisher(), event.compacted)):
            channel = channels.setdefault(topic, _channel(topic))
            channel["messages"][type] = {"$ref": f"#/components/messages/{type}"}
    for topic, channel in channels.items():
        operations[f"tell.{topic}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{topic}"},
            "messages": [{"$ref": f"#/channels/{topic}/messages/{t}"} for t in channel["messages"]],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "JAJAYA events", "version": "1", "description": __doc__},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(topic: str) -> dict[str, Any]:
    return {
        "address": f"jajaya.{topic}",
        "description": "CloudEvents 1.0, binary mode: attributes as ce_ headers, keyed by subject.",
        "messages": {},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip(),
        "headers": {"$ref": "#/components/schemas/CloudEvent"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
    }


def _schemas(event: type[Event]) -> dict[str, Any]:
    """The event's schema and the shapes it names, side by side."""
    schema = event.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    headers = {
        name: {"type": "string"}
        for name in ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time",
                     "ce_aggregateversion", "ce_traceparent", "ce_causationid")
    }  # fmt: skip
    envelope = {"type": "object", "properties": headers}
    return inner | {event.__name__: schema, "CloudEvent": envelope}
