"""Begin to look for the workers of a paid order."""

from services.dispatch.domain.places import cell_of, coarse
from services.dispatch.storage.searches import Search, know_order
from shared.contracts.order import OrderPaid
from shared.contracts.shapes import PositionSpec, VisitSpec
from shared.kit.money import Money
from shared.kit.session import Transaction


async def start_search(tx: Transaction, paid: OrderPaid) -> None:
    """Set one search a position of each visit; the first rounds are due at once."""
    if not await know_order(tx, paid):
        return

    net = {(pay.visit_number, pay.position): pay.net for pay in paid.pay}
    for visit in paid.visits:
        for position in visit.positions:
            pay = net[visit.number, position.number]
            search = _search(tx, paid, visit, position, pay)
            tx.write(search)
            await tx.schedule("search", search.id, tx.now)
    await tx.schedule("escalate", paid.order_id, paid.search_until)


def _search(
    tx: Transaction, paid: OrderPaid, visit: VisitSpec, position: PositionSpec, net: Money
) -> Search:
    """The search for one position; the worker goes to the visit's first stop."""
    stop = visit.stops[0]
    seed = tx.keyring.index(f"place of {paid.order_id}")
    shown = coarse(stop.point, seed)
    return Search(
        order_id=paid.order_id,
        visit_id=visit.visit_id,
        position=position.number,
        skill=position.skill,
        level=position.level,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        lat=stop.point.lat,
        lng=stop.point.lng,
        coarse_lat=shown.lat,
        coarse_lng=shown.lng,
        cell=cell_of(stop.point),
        district=stop.district,
        net=net,
    )
