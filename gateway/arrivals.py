"""Bodies on their way here: a slow one takes its sender's share, never a slot or a connection."""

from gateway.problems import GatewayBusy, TooManyRequests


class Arrivals:
    """How many bodies are coming from each network, and what is held of those in pieces."""

    def __init__(self, each_max: int, bytes_max: int) -> None:
        self.each_max = each_max
        self.bytes_left = bytes_max
        self.by_network: dict[str, int] = {}


class Arrival:
    """One body on its way: counted until it is whole, its bytes until the request is over."""

    __slots__ = ("_all", "_bytes", "_counted", "_network")

    def __init__(self, arrivals: Arrivals, network: str) -> None:
        self._all = arrivals
        self._network = network
        self._bytes = 0
        self._counted = False

    def __enter__(self) -> "Arrival":
        """Raises TooManyRequests."""
        coming = self._all.by_network.get(self._network, 0)
        if coming >= self._all.each_max:
            limit = f"{self._all.each_max} bodies at once"
            raise TooManyRequests(limit=limit, counted_by="arriving", retry_after_seconds=1)
        self._all.by_network[self._network] = coming + 1
        self._counted = True
        return self

    def __exit__(self, *_: object) -> None:
        self.arrived()
        self._all.bytes_left += self._bytes

    def hold(self, piece: bytes) -> None:
        """Keep a piece until the rest is here. Raises GatewayBusy."""
        if len(piece) > self._all.bytes_left:
            raise GatewayBusy(retry_after_seconds=1)
        self._all.bytes_left -= len(piece)
        self._bytes += len(piece)

    def arrived(self) -> None:
        """All of it is here."""
        if not self._counted:
            return
        self._counted = False
        coming = self._all.by_network.pop(self._network) - 1
        if coming:
            self._all.by_network[self._network] = coming
