"""The demo campaigns and the welcome pack, as requests of the staff routes: path and body.

Campaigns are put before packs, which name them; putting them again changes nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "promotion"
REASON = "demo data"


def campaigns() -> Iterator[tuple[str, dict[str, Any]]]:
    """What coupons there are."""
    for code, plan in json.loads((FOLDER / "campaigns.json").read_text()).items():
        yield f"/staff/promotion/campaigns/{code}", {**plan, "reason": REASON}


def packs() -> Iterator[tuple[str, dict[str, Any]]]:
    """What a new user gets."""
    for code, listed in json.loads((FOLDER / "packs.json").read_text()).items():
        yield f"/staff/promotion/packs/{code}", {"campaigns": listed, "reason": REASON}
