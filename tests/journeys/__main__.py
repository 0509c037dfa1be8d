"""``make journey name=towing``: one order's life on the running fleet, line by line."""

import asyncio
import importlib
import sys
from pathlib import Path

from tests.journeys.stage import JourneyFailed, Stage

NAMES = ("towing", "cleaning", "parting")


async def tell(name: str, home: Path, *, quiet: bool = False) -> Stage:
    """Play a journey on the fleet of a home folder; what was seen. Raises JourneyFailed."""
    journey = importlib.import_module(f"tests.journeys.{name}")
    async with Stage.on(home, quiet=quiet) as stage:
        await journey.play(stage)
        stage.say(f"{name}: done")
        return stage


def main() -> int:
    """0 when the story came to its end."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in NAMES:
        print(f"make journey name={'|'.join(NAMES)}")
        return 2
    home = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(".local")
    try:
        asyncio.run(tell(name, home))
    except JourneyFailed as failed:
        print(f"the journey stopped: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
