"""The three languages people read here, and which of them a request asks for."""

from enum import StrEnum


class Locale(StrEnum):
    """A language with its script, as names and messages are written."""

    ZH_HK = "zh-HK"
    ZH_CN = "zh-CN"
    EN = "en"


_SIMPLIFIED = ("zh-cn", "zh-sg", "zh-hans")


def locale_asked(accept_language: str) -> Locale | None:
    """The best of ours that an Accept-Language header names; None if it names none of them."""
    wanted = [_weighed(part, place) for place, part in enumerate(accept_language.split(",")[:20])]
    for weight, _, tag in sorted(wanted):
        locale = _locale_of(tag)
        if locale is not None and weight < 0:
            return locale
    return None


def _weighed(part: str, place: int) -> tuple[float, int, str]:
    """Sorts by weight, then by place; a weight that cannot be read counts as none."""
    tag, _, rest = part.partition(";")
    name, _, value = rest.strip().partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return (-weight if 0 <= weight <= 1 else 0.0), place, tag.strip().lower()


def _locale_of(tag: str) -> Locale | None:
    if tag == "zh" or tag.startswith(_SIMPLIFIED):
        return Locale.ZH_CN
    if tag.startswith("zh-"):
        return Locale.ZH_HK
    return Locale.EN if tag.partition("-")[0] == "en" else None
