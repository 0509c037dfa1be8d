"""Lend a tool to the worker who asks for it."""

from uuid import UUID

from sqlalchemy import select

from shared.kit.caller import Caller
from shared.kit.session import Transaction
from tests.support.toy.domain.tool import ToolLent, ToolMove, ToolNotFound
from tests.support.toy.storage import Tool


async def lend_tool(tx: Transaction, caller: Caller, tool_id: UUID) -> Tool:
    """Take a tool off the shelf.

    Raises ToolNotFound, MoveRefused, MoveForbidden. Tells toy.lent.v1.
    """
    tool = await tx.session.scalar(select(Tool).where(Tool.id == tool_id).with_for_update())
    if tool is None:
        raise ToolNotFound(f"No tool {tool_id}.")

    tx.move(tool, ToolMove.LEND, by=caller)

    tx.publish(ToolLent(tool_id=tool.id, note=tool.name))
    return tool
