"""What of a personal detail may be shown: one mask a kind, and a net for log lines. Pure.

A mask never shows more than its rule allows. What does not look like its kind is hidden whole,
and masking what is masked changes nothing. An address is masked to block level by choosing its
columns, not by reading its text, so it has no mask here.
"""

import re
import unicodedata

HIDDEN = "****"

_SEPARATORS = re.compile(r"[\s\-().+/·•]+")


def hkid(text: str) -> str:
    """A HKID shows its first letter and two digits, never the check digit: ``A12****(*)``."""
    found = re.fullmatch(r"([A-Z*])([A-Z*]?)([0-9*]{2})[0-9*]{4}[0-9A*]", _symbols(text))
    if found is None:
        return HIDDEN
    return f"{found[1]}{'*' * len(found[2])}{found[3]}****(*)"


def mainland_id(text: str) -> str:
    """A resident identity number shows its first three and last two characters."""
    symbols = _symbols(text, r"[0-9*]{17}[0-9X*]|[0-9*]{15}")
    return symbols[:3] + "*" * (len(symbols) - 5) + symbols[-2:] or HIDDEN


def card(text: str) -> str:
    """A bank card shows its first and last four digits: ``6200 **** **** 0005``."""
    symbols = _symbols(text, r"[0-9*]{13,19}")
    shown = symbols[:4] + "*" * (len(symbols) - 8) + symbols[-4:]
    return " ".join(shown[start : start + 4] for start in range(0, len(shown), 4)) or HIDDEN


def bank_account(text: str) -> str:
    """A bank account shows its last three characters, and not how long it is."""
    return HIDDEN + _symbols(text, r"[0-9A-Z*]{6,}")[-3:]


def phone(text: str) -> str:
    """A phone shows its first and last two digits, without country code: ``6*** **34``."""
    symbols = _symbols(text, r"[0-9*]+").removeprefix("00")
    for code, length in (("852", 8), ("86", 11)):
        if symbols.startswith(code) and len(symbols) == len(code) + length:
            symbols = symbols.removeprefix(code)
    if len(symbols) < 7:
        return HIDDEN
    shown = symbols[0] + "*" * (len(symbols) - 3) + symbols[-2:]
    spaces = {8: (4,), 11: (3, 7)}.get(len(shown), ())
    return "".join(" " * (place in spaces) + symbol for place, symbol in enumerate(shown))


def name(text: str) -> str:
    """A name shows its first character: ``陳**``, ``C***``; the stars do not count the rest."""
    first = unicodedata.normalize("NFC", text.strip())[:1]
    if not first.isalpha():
        return "***"
    return first + ("**" if unicodedata.category(first) == "Lo" else "***")


def plate(text: str) -> str:
    """A number plate shows its first two characters, or nothing if it has no more."""
    symbols = _symbols(text, r"[0-9A-Z*\u4e00-\u9fff]{3,}")
    return symbols[:2] + HIDDEN if symbols[:2].strip("*") else HIDDEN


def _symbols(text: str, pattern: str = ".*") -> str:
    """The text without separators, in narrow capitals; nothing if it does not look as it should."""
    symbols = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    return symbols if re.fullmatch(pattern, symbols) else ""


# What a log line may hold although it is full of digits: ids, instants, amounts and counts.
_KEPT = re.compile(
    r"("
    r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?=[0-9]*[a-f])[0-9a-f]{16,}(?![0-9A-Za-z])"
    r"|(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
    r"|(?:minor|amount|bps|seconds|millis|bytes|offset|seq|version)[\"']?\s?[=:]\s?-?\d{1,12}(?!\d)"
    r"|(?:HKD|CNY|HK\$|¥)\s?-?\d{1,12}(?!\d)"
    r"|(?<!\d)\d{1,12}\s?(?:HKD|CNY)\b"
    r")"
)
_RISKY = re.compile(r"\d{4}|eyJ")
_FOUND_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_FOUND_MAINLAND_ID = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
)
_FOUND_HKID = re.compile(
    r"(?<![0-9A-Za-z])[A-Za-z]{1,2} ?\d{6} ?"
    r"(?:[(\uff08][0-9Aa][)\uff09]|[0-9Aa](?![0-9A-Za-z]))"
)
_FOUND_CARD = re.compile(
    r"(?<!\d)(?:[2-9]\d{13,18}|4\d{12}"
    r"|[2-9]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}[ -]\d{6}[ -]\d{5})(?!\d)"
)
_FOUND_PHONE = re.compile(
    r"(?<!\d)(?<!\d\.)(?:"
    r"(?:\+|00)?852[ -]?[2-9]\d{3}[ -]?\d{4}"
    r"|(?:(?:\+|00)?86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}"
    r"|[4-9]\d{3}[ -]?\d{4}"
    r")(?!\d)(?!\.\d)"
)


def scrub(text: str) -> str:
    """The text with identity numbers, cards, mobile phones and tokens masked wherever they stand.

    Ids, instants and amounts that say they are amounts stay readable.
    """
    if _RISKY.search(text) is None:
        return text
    pieces = _KEPT.split(text)
    pieces[::2] = [_scrub_piece(piece) for piece in pieces[::2]]
    return "".join(pieces)


def _scrub_piece(text: str) -> str:
    text = _FOUND_TOKEN.sub("eyJ" + HIDDEN, text)
    text = _FOUND_MAINLAND_ID.sub(lambda found: mainland_id(found[0]), text)
    text = _FOUND_HKID.sub(lambda found: hkid(found[0]) if _is_hkid(found[0]) else found[0], text)
    text = _FOUND_CARD.sub(lambda found: card(found[0]) if _is_luhn(found[0]) else found[0], text)
    return _FOUND_PHONE.sub(lambda found: phone(found[0]), text)


def _is_hkid(found: str) -> bool:
    """Without brackets only the check digit tells a HKID from any other short code."""
    weighed = [36, *(int(symbol, 36) for symbol in _symbols(found))][-9:]
    weights = range(len(weighed), 0, -1)
    total = sum(value * weight for value, weight in zip(weighed, weights, strict=True))
    return not found[-1].isalnum() or total % 11 == 0


def _is_luhn(found: str) -> bool:
    digits = [int(digit) for digit in _symbols(found)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
