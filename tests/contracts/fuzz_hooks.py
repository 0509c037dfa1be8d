"""Loaded by schemathesis: each request is one of its own, and every other one is about real things.

With one key for all, every body after the first would be refused for its key alone; with ids drawn
from nowhere, every act would end where its thing is not found.
"""

import itertools
import json
import os
from typing import Any
from uuid import uuid4

import schemathesis

KNOWN = "FUZZ_KNOWN"  # Path parameters of things that are there: a JSON object.
_known: dict[str, str] = json.loads(os.environ.get(KNOWN, "{}"))
_turns = itertools.count()


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """A fresh key where one is sent, and in turn ids that exist."""
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    real = {name: _known[name] for name in case.path_parameters if name in _known}
    if real and next(_turns) % 2 == 0:
        case.path_parameters |= real
