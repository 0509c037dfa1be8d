"""Who a network address counts as, where requests are limited by it."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """An IPv6 subscriber holds a whole /64 and counts as one; any other address is itself."""
    if ":" not in address:
        return address
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
        return str(mapped or ipaddress.ip_network(f"{address}/64", strict=False))
    except ValueError:
        return address
