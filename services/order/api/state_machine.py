"""HTTP for the order's table of moves."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.order.domain.order import BUILT, OrderMove, OrderState
from shared.kit.web import ClaimsDep

router = APIRouter(prefix="/orders", tags=["orders"])


class MoveView(BaseModel):
    """One row of the table."""

    move: str
    sources: list[str]  # States it may start from; none for the move that creates the order.
    target: str | None  # None: the state stays.
    roles: list[str]
    guard: str
    effect: str
    tells: str
    built: bool  # False: it answers 409 move-not-built.


class StateMachineView(BaseModel):
    """The whole life of an order."""

    states: list[str]
    moves: list[MoveView]


def _row(move: OrderMove) -> MoveView:
    return MoveView(
        move=move.label,
        sources=[state.value for state in OrderState if state in move.sources],
        target=None if move.target is None else move.target.value,
        roles=sorted(role.value for role in move.allowed),
        guard=move.guard,
        effect=move.effect,
        tells=move.tells,
        built=move in BUILT,
    )


@router.get("/state-machine")
async def get_state_machine(_: ClaimsDep) -> StateMachineView:
    """The states of an order and every legal move between them: who may, and under what guard."""
    return StateMachineView(
        states=[state.value for state in OrderState], moves=[_row(move) for move in OrderMove]
    )
