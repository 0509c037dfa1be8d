"""Which language a reader gets."""

import pytest

from shared.locales import Locale, locale_asked, locale_named


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("en-GB,en;q=0.9", Locale.EN),
        ("zh", Locale.ZH_CN),
        ("zh-Hans-CN", Locale.ZH_CN),
        ("zh-TW", Locale.ZH_HK),
        ("zh-Hant-HK", Locale.ZH_HK),
        ("fr, en;q=0.3, zh-CN;q=0.8", Locale.ZH_CN),
        ("en;q=0, zh-CN;q=0.1", Locale.ZH_CN),
        ("en;q=nonsense, zh-CN;q=0.1", Locale.ZH_CN),
        ("en;q=7, zh-CN;q=0.1", Locale.ZH_CN),
        ("zh-HK;q=0.5, en;q=0.5", Locale.ZH_HK),
        ("en;q=0.5, zh-HK;q=0.5", Locale.EN),
    ],
)
def test_the_best_language_that_is_asked_for_is_used(header: str, locale: Locale) -> None:
    assert locale_asked(header) is locale_named(header) is locale


@pytest.mark.parametrize("header", ["", "*", "fr", "fr;q=x, en;q=bad", "en;q=nan", "en;q=0"])
def test_whoever_names_none_of_ours_gets_hong_kongs_own(header: str) -> None:
    assert locale_named(header) is None
    assert locale_asked(header) is Locale.ZH_HK
