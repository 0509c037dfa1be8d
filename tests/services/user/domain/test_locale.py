"""Which language a request asks for."""

import pytest

from services.user.domain.locale import Locale, locale_asked


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("zh-HK", Locale.ZH_HK),
        ("zh-TW,zh;q=0.9", Locale.ZH_HK),
        ("zh-Hant-HK", Locale.ZH_HK),
        ("zh-CN", Locale.ZH_CN),
        ("zh", Locale.ZH_CN),
        ("zh-Hans-HK", Locale.ZH_CN),
        ("en-GB,en;q=0.8,zh-HK;q=0.9", Locale.EN),
        ("fr, zh-HK;q=0.3, en;q=0.2", Locale.ZH_HK),
        ("en;q=0, zh-CN;q=0.1", Locale.ZH_CN),
        ("", None),
        ("*", None),
        ("fr;q=x, en;q=bad", None),
        ("en;q=nan", None),
    ],
)
def test_the_best_language_of_ours_is_chosen(header: str, locale: Locale | None) -> None:
    assert locale_asked(header) is locale
