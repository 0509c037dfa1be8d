"""A user's way from a price to a paid order, as the mini-program goes it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.ground import Ground
from tests.bench.people import Asker, Person
from tests.bench.wire import Line

SHA_TIN = {"lat": 22.3830, "lng": 114.1900}


@dataclass(frozen=True)
class Ask:
    """An offering of the demo catalogue, how much of it, and whether now."""

    category: str
    code: str
    quantity: int = 1
    at_once: bool = False


CLEANING = Ask("cleaning", "single_cleaning", quantity=3)  # On a day to come: no hasty search.
ROADSIDE = Ask("towing", "jump_start", at_once=True)


async def wish(gateway: str, who: Person, ask: Ask) -> dict[str, Any]:
    """What is sent to be priced: one stop with its lines, no coupons."""
    path = f"/api/v1/catalog/offerings?category={ask.category}&limit=100"
    async with Line(gateway) as line:
        page = await line.ask("GET", path, headers=who.headers)
    offering = next(one["id"] for one in page["items"] if one["code"] == ask.code)
    noon = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
    return {
        "offering_id": offering,
        "options": {"quantity": ask.quantity},
        "starts_at": None if ask.at_once else (noon + timedelta(days=3)).isoformat(),
        "stops": [
            {
                "kind": "site",
                "point": SHA_TIN,
                "district": "ST",
                "lines": {"estate": "City One", "block": "21", "floor": "8", "flat": "C"},
            }
        ],
        "coupon_ids": [],
    }


async def quote(asker: Asker, who: Person, wished: dict[str, Any]) -> dict[str, Any]:
    """A price; what to send back when ordering by it."""
    shown = await asker.ask(who, "POST", "/price-quotes", wished)
    return {"quote_id": shown["quote_id"], "hash": shown["hash"]}


async def place(asker: Asker, who: Person, quoted: dict[str, Any]) -> str:
    """An order at the quoted price; its id."""
    return str((await asker.ask(who, "POST", "/orders", quoted))["id"])


async def begin_payment(asker: Asker, who: Person, order_id: str) -> str:
    """A payment by WeChat, begun; the number under which WeChat knows it."""
    asked = {"order_id": order_id, "channel": "wechat", "wechat_code": who.code}
    begun = await asker.ask(who, "POST", "/payments", asked)
    return str(begun["wechat"]["package"]).removeprefix("prepay_id=")


async def pay_in_wechat(sandbox: Line, prepay_id: str) -> None:
    """The user presses "pay" in WeChat, which then notifies us."""
    await sandbox.ask("POST", "/__sandbox/wechat/pay", {"prepay_id": prepay_id})


class Till:
    """A pair of connections through which orders are placed and paid."""

    def __init__(self, ground: Ground, wished: dict[str, Any]) -> None:
        self.asker = Asker(ground.gateway)
        self.sandbox = Line(ground.sandbox)
        self.wished = wished

    async def pay_one(self, who: Person) -> str:
        """Price, order, payment, paid in WeChat; the order's id."""
        quoted = await quote(self.asker, who, self.wished)
        order_id = await place(self.asker, who, quoted)
        await pay_in_wechat(self.sandbox, await begin_payment(self.asker, who, order_id))
        return order_id

    async def state(self, who: Person, order_id: str) -> str:
        """The order's state as its user sees it."""
        shown = await self.asker.ask(who, "GET", f"/orders/{order_id}", route="/orders/{id}")
        return str(shown["state"])

    def close(self) -> None:
        """Hang up."""
        self.asker.close()
        self.sandbox.close()
