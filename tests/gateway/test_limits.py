"""Counting by sliding windows."""

import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from gateway import limits
from gateway.limits import Limits, Window
from gateway.problems import TooManyRequests
from gateway.routes import find
from gateway.settings import Settings

URLS: dict[str, Any] = {
    f"{name}_url": "http://127.0.0.1:1"
    for name in ("user", "order", "worker", "dispatch", "payment", "promotion", "jwks")
}


class Hands:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_no_window_of_a_second_ever_admits_much_more_than_its_amount() -> None:
    hands = Hands()
    window = Window(20, 1, hands)
    admitted = []
    for _ in range(2000):
        hands.now += 0.003
        if window.count("a").wait_seconds == 0:
            admitted.append(hands.now)
    most = max(sum(1 for later in admitted if at <= later < at + 1) for at in admitted)
    assert 20 <= most <= 21  # The share of the last window is estimated, not remembered.
    assert len(admitted) == pytest.approx(6 * 20, abs=21)


def test_whoever_waits_as_long_as_told_is_admitted() -> None:
    for early, wait_at in itertools.product((0.0, 0.3, 0.9), (0.0, 0.5, 0.99)):
        hands = Hands()
        window = Window(5, 10, hands)
        hands.now += early * 10
        while not window.count("a").wait_seconds:
            pass
        hands.now += wait_at * 10
        while not (wait := window.count("a").wait_seconds):
            pass
        hands.now += wait
        assert window.count("a").wait_seconds == 0, (early, wait_at, wait)


def test_remaining_counts_down_and_comes_back() -> None:
    hands = Hands()
    window = Window(3, 1, hands)
    assert [window.count("a").remaining for _ in range(4)] == [2, 1, 0, 0]
    assert window.count("b").remaining == 2
    hands.now += 2
    assert window.count("a").remaining == 2


def test_what_a_stranger_can_make_us_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAMES_MAX", 10)
    window = Window(5, 1, Hands())
    refused = sum(window.count(str(number)).wait_seconds > 0 for number in range(100))
    assert refused == 85  # Ten names of their own; the other ninety share five.


def test_logging_in_counts_twice_and_notify_apart() -> None:
    settings = Settings(
        address_limit="3/second", otp_address_limit="1/hour", notify_limit="1/hour", **URLS
    )
    hands = Hands()
    counted = Limits(settings, hands)
    otp, notify = find("/api/v1/auth/otp"), find("/api/v1/payments/notify/wechat")
    assert otp is not None
    assert notify is not None
    for path, kind in (("/auth/otp", "otp"), ("/auth/login/wechat", "login")):
        counted.admit_act("POST", path, "192.0.2.1", [])
        with pytest.raises(TooManyRequests) as refused:
            counted.admit_act("POST", path, "192.0.2.1", [])
        assert refused.value.facts["counted_by"] == kind
        counted.admit_act("POST", path, "192.0.2.2", [])
    counted.admit_address(otp[0], "192.0.2.1", [])
    counted.admit_address(notify[0], "192.0.2.1", [])
    with pytest.raises(TooManyRequests) as refused:
        counted.admit_address(notify[0], "192.0.2.1", [])
    assert refused.value.facts["counted_by"] == "notify"
    counted.admit_address(notify[0], "192.0.2.9", [])


@pytest.mark.parametrize(
    ("method", "target", "amount", "seconds", "kind"),
    [
        ("POST", "/orders", 10, 60, "orders"),
        ("POST", "/coupons/claim", 5, 1, "claims"),
        ("GET", "/catalog/offerings?category=towing&%71=%E9%80%9A%20x", 10, 1, "searches"),
        ("GET", "/workers?skill=towing", 10, 1, "searches"),
    ],
)
def test_some_acts_of_an_account_are_counted_by_themselves(
    method: str, target: str, amount: int, seconds: int, kind: str
) -> None:
    hands = Hands()
    counted = Limits(Settings(**URLS), hands)
    for _ in range(amount):
        counted.admit_act(method, target, "somebody", [])
    told: limits.Headers = []
    with pytest.raises(TooManyRequests) as refused:
        counted.admit_act(method, target, "somebody", told)
    assert refused.value.facts["counted_by"] == kind
    assert 1 <= refused.value.facts["retry_after_seconds"] <= seconds + 1
    assert (b"ratelimit-limit", b"%d;w=%d" % (amount, seconds)) in told
    counted.admit_act(method, target, "somebody else", [])
    counted.admit_act("GET", "/orders", "somebody", [])
    hands.now += 2 * seconds
    counted.admit_act(method, target, "somebody", [])


def test_browsing_the_catalogue_is_no_search() -> None:
    counted = Limits(Settings(**URLS), Hands())
    for _ in range(50):
        counted.admit_act("GET", "/catalog/offerings?category=q&limit=9", "192.0.2.1", [])


def test_every_act_counted_by_itself_is_a_route_of_a_service() -> None:
    for _, path in limits.ACTS:
        assert find(f"/api/v1{path}") is not None


def test_an_empty_setting_lifts_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADDRESS", "NOTIFY", "OTP_ADDRESS"):
        monkeypatch.setenv(f"GATEWAY_{name}_LIMIT", "")
    counted = Limits(Settings(**URLS), Hands())
    otp, notify = find("/api/v1/auth/otp"), find("/api/v1/payments/notify/wechat")
    assert otp is not None
    assert notify is not None
    for _ in range(500):
        counted.admit_address(otp[0], "192.0.2.1", [])
        counted.admit_address(notify[0], "192.0.2.1", [])
        counted.admit_act("POST", otp[1], "192.0.2.1", [])
        counted.admit_act("POST", "/auth/login/wechat", "192.0.2.1", [])
    with pytest.raises(TooManyRequests):
        for _ in range(50):
            counted.admit_account("somebody", [])


def test_a_limit_that_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError):
        Settings(address_limit="often", **URLS)
