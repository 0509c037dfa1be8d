"""The languages that JAJAYA is written in, and which of them a reader asks for. Pure."""

from enum import StrEnum


class Locale(StrEnum):
    """A language with its script, as names and messages are written."""

    ZH_HK = "zh-HK"
    ZH_CN = "zh-CN"
    EN = "en"


_SIMPLIFIED = ("zh-cn", "zh-sg", "zh-hans")
_TAGS_MAX = 20


def locale_asked(accept_language: str) -> Locale:
    """The best of ours that an Accept-Language header names; Hong Kong's own if it names none."""
    return locale_named(accept_language) or Locale.ZH_HK


def locale_named(accept_language: str) -> Locale | None:
    """The best of ours that an Accept-Language header names, the first of equals; None if none."""
    best, best_weight = None, 0.0
    for part in accept_language.split(",")[:_TAGS_MAX]:
        tag, _, rest = part.partition(";")
        locale, weight = _locale_of(tag.strip().lower()), _weight(rest)
        if locale is not None and weight > best_weight:
            best, best_weight = locale, weight
    return best


def _weight(parameters: str) -> float:
    """The ``q`` of a tag: 1 when there is none, 0 when it cannot be read."""
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _locale_of(tag: str) -> Locale | None:
    if tag == "zh" or tag.startswith(_SIMPLIFIED):
        return Locale.ZH_CN
    if tag.startswith("zh-"):
        return Locale.ZH_HK
    return Locale.EN if tag.partition("-")[0] == "en" else None
