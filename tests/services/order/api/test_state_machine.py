"""The table of moves as it is served."""

import csv
from pathlib import Path

from services.order.domain import order as module
from services.order.domain.order import BUILT
from tests.services.order.given import Shop
from tests.support.service import as_json


async def test_the_served_table_is_the_csv(shop: Shop) -> None:
    rows = list(csv.DictReader((Path(module.__file__).parent / "order-moves.csv").open()))
    answer = await shop.http.get("/orders/state-machine", headers=shop.as_user())
    moves = as_json(answer)["moves"]
    assert len(moves) == len(rows) == 40
    for served, row in zip(moves, rows, strict=True):
        assert served["move"] == row["move"].lower()
        assert set(served["sources"]) == set(row["from"].lower().split())
        assert (served["target"] or "=") == row["to"].lower()
        assert set(served["roles"]) == set(row["roles"].lower().split())
        assert [served[part] for part in ("guard", "effect", "tells")] == [
            row[part] for part in ("guard", "effect", "tells")
        ]
    built = {move["move"] for move in moves if move["built"]}
    assert built == {move.label for move in BUILT}
