"""HTTP for tools."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import BeginDep, OnceDep, WorkerCaller, problems
from tests.support.toy.domain.tool import ToolNotFound, ToolState
from tests.support.toy.storage import Tool
from tests.support.toy.use_cases.lend_tool import lend_tool

router = APIRouter(prefix="/tools", tags=["tools"])


class LoanRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: StrictInt = Field(ge=1, le=30)


class ToolView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    state: ToolState


@router.post(
    "/{tool_id}/loans",
    status_code=201,
    responses=problems(ToolNotFound, MoveRefused, MoveForbidden),
)
async def post_loan(
    tool_id: UUID, body: LoanRequest, caller: WorkerCaller, once: OnceDep
) -> ToolView:
    """Lend a tool to the calling worker."""
    return await once(ToolView, lend_tool, caller, tool_id)


@router.get("/{tool_id}", responses=problems(ToolNotFound))
async def get_tool(tool_id: UUID, caller: WorkerCaller, begin: BeginDep) -> ToolView:
    """One tool."""
    async with begin() as tx:
        tool = await tx.session.get(Tool, tool_id)
    if tool is None:
        raise ToolNotFound(f"No tool {tool_id}.")
    return ToolView.model_validate(tool)


@router.get("/broken/always")
async def get_fault(caller: WorkerCaller) -> None:
    """Fails in a way nobody foresaw."""
    raise RuntimeError("the secret of the house")
