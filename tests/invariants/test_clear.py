"""A text is found however it was written down."""

import base64
import itertools
import json

import pytest

from tests.invariants.clear import in_clear

TEXTS = ("+85261234567", "陳大文", "K123456")


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_found_as_it_is_in_json_and_in_bytes(text: str) -> None:
    for held in (f"({text},1)", json.dumps({"a": text}), f"\\x00{text.encode().hex()}ff"):
        assert in_clear(TEXTS, held) == [text]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_found_in_base64_wherever_it_begins_and_ends(text: str) -> None:
    for before, after in itertools.product(range(4), range(4)):
        raw = b"x" * before + text.encode() + b"y" * after
        assert in_clear(TEXTS, base64.b64encode(raw).decode()) == [text]
