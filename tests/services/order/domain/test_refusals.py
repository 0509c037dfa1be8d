"""Refusals are public: a code, a title, a kind."""

import inspect

from services.order.domain import refusals
from shared.kit.errors import Problem


def test_every_refusal_has_a_title_and_the_status_of_its_kind() -> None:
    kinds = [kind for _, kind in inspect.getmembers(refusals, inspect.isclass)]
    ours = [
        kind for kind in kinds if issubclass(kind, Problem) and kind.__module__ == refusals.__name__
    ]
    assert ours
    for kind in ours:
        assert kind.__bases__[0].__module__ == "shared.kit.errors"
        assert kind.title().endswith(".")
    statuses = {kind.code(): kind.status for kind in ours}
    assert statuses["order-not-found"] == 404
    assert statuses["move-not-built"] == 409
    assert statuses["quote-expired"] == 410
