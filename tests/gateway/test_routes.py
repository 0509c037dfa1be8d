"""Which service a path goes to, and which paths go nowhere."""

import pytest

from gateway.problems import PathUnclear
from gateway.routes import API, TABLE, Door, clear, find
from tests.conventions.tree import SERVICES


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.prefix)
def test_every_row_is_found_by_its_prefix_and_below_it(row: object) -> None:
    prefix = row.prefix  # type: ignore[attr-defined]
    assert find(f"{API}{prefix}") == (row, prefix)
    assert find(f"{API}{prefix}/019abc") == (row, f"{prefix}/019abc")


@pytest.mark.parametrize(
    ("path", "prefix", "service"),
    [
        ("/workers", "/workers", "worker"),
        ("/workers/me/schedule", "/workers", "worker"),
        ("/workers/me/positions", "/workers/me/positions", "dispatch"),
        ("/workers/me/offers", "/workers/me/offers", "dispatch"),
        ("/workers/me/presence", "/workers/me/presence", "dispatch"),
        ("/workers/me/presences", "/workers", "worker"),
        ("/payments/notify/wechat", "/payments/notify", "payment"),
        ("/payments/notifying", "/payments", "payment"),
        ("/orders/state-machine", "/orders/state-machine", "order"),
        ("/orders/state-machines", "/orders", "order"),
        ("/staff/order/offerings", "/staff/order", "order"),
    ],
)
def test_the_longest_prefix_of_whole_segments_wins(path: str, prefix: str, service: str) -> None:
    found = find(f"{API}{path}")
    assert found is not None
    assert (found[0].prefix, found[0].service, found[1]) == (prefix, service, path)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/orders", "/api/v1", "/api/v1/", "/api/v2/orders", "/API/v1/orders", "/api/v1/nobody",
        "/api/v1/internal/addresses/1", "/internal/addresses/1", "/api/v1/staff",
        "/api/v1/staff/nobody", "/api/v1//orders", "/api/v1/orders/", "/api/v1/orders//1",
        "/api/v1/orders/../internal/x", "/api/v1/orders/./1", "/api/v1/orders/..",
        "/api/v1/./orders", "/api/v1/ordersx", "/.well-known/jwks.json/x", "/.well-known",
        "/api/v1/.well-known/jwks.json", "/api/v1/livez", "/api/v1/metrics", "/api/v1/orders;x",
    ],
)  # fmt: skip
def test_what_is_in_no_row_goes_nowhere(path: str) -> None:
    assert find(path) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"/api/v1/orders/%2e%2e/internal", b"/api/v1/orders/%2E%2E%2Finternal", b"/a%2fb",
        b"/a%5cb", b"/a\\b", b"/a%00", b"/a%0d%0aX:1", b"/a%7f", b"/%61pi/v1/orders",
        b"/api/v1/auth/%6ftp", b"/a%", b"/a%2", b"/a%zz", b"/a%25%32%65", b"/a%ff", b"/a%c0%ae",
        b"/a%e4%bd", b"/\xe4\xbd\xa0", b"/a%ed%a0%80",
    ],
)  # fmt: skip
def test_a_path_that_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(PathUnclear):
        clear(raw)


@pytest.mark.parametrize(
    "raw", [b"/a/b-1_2.3~4", b"/%E4%BD%A0%e5%a5%bd", b"/a%20b%3Ac%40d", b"/a:b"]
)
def test_a_path_that_needs_its_encoding_keeps_it(raw: bytes) -> None:
    assert clear(raw) == raw.decode()


def test_the_table_names_every_service_and_its_staff_door_needs_a_token() -> None:
    assert {row.service for row in TABLE} == set(SERVICES)
    for service in SERVICES:
        found = find(f"{API}/staff/{service}/x")
        assert found is not None
        assert (found[0].service, found[0].door) == (service, Door.BEARER)


def test_just_these_doors_stand_open_without_a_token() -> None:
    assert {row.prefix for row in TABLE if row.door is not Door.BEARER} == {
        "/auth", "/catalog", "/orders/state-machine", "/payments/notify",
    }  # fmt: skip
