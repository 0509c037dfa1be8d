"""Whoever asks from many addresses of one subscriber is one."""

import pytest

from shared.networks import network_of


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:3::1", "2001:db8:1:2::1", False),
        ("2001:DB8:1:2::1", "2001:db8:1:2::1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("not:an:address", "not:an:address", True),
    ],
)
def test_an_ipv6_subscriber_counts_as_one_network(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same
