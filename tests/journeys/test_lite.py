"""The journey of the README on the light broker, which stands in where jars cannot be had."""

from pathlib import Path

import pytest

from tests.journeys.__main__ import tell
from tests.support.fleets import fleet_in


@pytest.mark.fleet
@pytest.mark.timeout(300)
async def test_towing_on_the_light_broker(tmp_path: Path) -> None:
    async with fleet_in(tmp_path, furnish=True, broker="lite"):
        stage = await tell("towing", tmp_path, quiet=True)
    assert any("the wallet shows" in line for line in stage.lines)
