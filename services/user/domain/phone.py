"""Mobile numbers that a code can be sent to: Hong Kong and mainland China."""

import re
import unicodedata

from shared.kit.errors import Invalid

LENGTH_MAX = 32

_BETWEEN = re.compile(r"[\s\-()]+")
_HONG_KONG = re.compile(r"(?:\+?852)?([4-9][0-9]{7})")
_MAINLAND = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")


class PhoneInvalid(Invalid):
    """This is not a mobile number of Hong Kong or mainland China."""


def e164(text: str) -> str:
    """The number as carriers write it: ``+85261234567``. Raises PhoneInvalid."""
    symbols = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    if found := _HONG_KONG.fullmatch(symbols):
        return f"+852{found[1]}"
    if found := _MAINLAND.fullmatch(symbols):
        return f"+86{found[1]}"
    raise PhoneInvalid(field="phone", reason="8 digits of Hong Kong or 11 of mainland China")
