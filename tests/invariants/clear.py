"""Whether a text lies in clear in what a database, a topic or a log holds."""

import base64
import json
from collections.abc import Iterable, Iterator


def lies_in(text: str, held: str) -> bool:
    """As it is written, as JSON escapes it, or as bytes, which show in hex or in base64."""
    return any(form in held for form in _forms(text))


def in_clear(texts: Iterable[str], held: str) -> list[str]:
    """Those of the texts that lie there."""
    return [text for text in texts if lies_in(text, held)]


def _forms(text: str) -> Iterator[str]:
    for written in {text, json.dumps(text)[1:-1]}:
        raw = written.encode()
        yield written
        yield raw.hex()
        for before in range(3):  # Three bytes are four letters: what stands before moves them.
            letters = base64.b64encode(bytes(before) + raw).decode()
            yield letters[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
