"""What the toy does about its own news."""

from shared.kit.inbox import handles
from shared.kit.session import Transaction
from tests.support.toy.domain.tool import ToolBroken, ToolLent


class Poison(Exception):
    """What the handler stumbles over while ``poisoned`` holds the note."""


poisoned: set[str] = set()


@handles(ToolLent, ToolBroken)
async def note_it(tx: Transaction, event: ToolLent | ToolBroken) -> None:
    """One row an event, in the order in which they were handled."""
    if event.note in poisoned:
        raise Poison(event.note)
    await tx.run("INSERT INTO notes (tool, note) VALUES ($1, $2)", event.tool_id, event.note)
