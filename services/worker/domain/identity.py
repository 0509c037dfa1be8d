"""Identity documents: what makes a number believable, and how it is written once and for all. Pure.

No authority is asked here: a check digit stops slips of the pen, staff look at the person.
"""

import re
from enum import StrEnum

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from shared.kit.errors import Invalid
from shared.privacy import masks

_HKID = re.compile(r"([A-Z]{1,2})(\d{6})([0-9A])")
_PASSPORT = re.compile(r"(?=.*\d)[A-Z0-9]{6,12}")
_OUTSIDE_MAINLAND = ("81", "82", "83")


class IdKind(StrEnum):
    """Documents a person may identify themselves with."""

    HKID = "hkid"
    MAINLAND_ID = "mainland_id"
    PASSPORT = "passport"


class IdNumberInvalid(Invalid):
    """The number cannot be a real one of this kind of document."""


def normalised(kind: IdKind, number: str) -> str:
    """The number without spaces, brackets and hyphens, in capitals. Raises IdNumberInvalid."""
    text = re.sub(r"[\s()（）\-]", "", number).upper()
    valid = {
        IdKind.HKID: _is_hkid,
        IdKind.MAINLAND_ID: _is_mainland_id,
        IdKind.PASSPORT: _is_passport,
    }
    if not text.isascii() or not valid[kind](text):
        raise IdNumberInvalid(field="id_document.number", reason=f"not a valid {kind} number")
    return text


def shown(kind: IdKind, number: str) -> str:
    """The number as anyone but an audited reader sees it."""
    match kind:
        case IdKind.HKID:
            return masks.hkid(number)
        case IdKind.MAINLAND_ID:
            return masks.mainland_id(number)
        case IdKind.PASSPORT:
            return masks.HIDDEN


def _is_hkid(text: str) -> bool:
    """Letters are worth 10 to 35, a missing first one 36; weights fall from 9 to 2."""
    found = _HKID.fullmatch(text)
    if found is None:
        return False
    letters, digits, check = found.groups()
    values = [36] * (2 - len(letters)) + [int(symbol, 36) for symbol in letters + digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return check == "0123456789A"[-total % 11]


def _is_mainland_id(text: str) -> bool:
    """By GB 11643. Permits of residents from Hong Kong, Macao and Taiwan name no county."""
    try:
        if text.startswith(_OUTSIDE_MAINLAND):
            whole = len(text) == 18 and text[:17].isdigit()
            return whole and text[17] == ric.calc_check_digit(text) and bool(_born(text))
        return bool(ric.validate(text))
    except ValidationError:
        return False


def _born(text: str) -> object:
    return ric.get_birth_date(text)


def _is_passport(text: str) -> bool:
    """Every country has its own form; all have a digit."""
    return _PASSPORT.fullmatch(text) is not None
