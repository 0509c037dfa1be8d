"""The order's table of moves as people read it; the README holds what this prints. Pure."""

from services.order.domain.order import BUILT, OrderMove, OrderState


def as_markdown() -> str:
    """One row a move: from, to, who may, what is told, whether it is built."""
    lines = ["| move | from | to | who | tells | built |", "|---|---|---|---|---|---|"]
    for move in OrderMove:
        sources = " ".join(state.value for state in OrderState if state in move.sources) or "–"
        target = "=" if move.target is None else move.target.value
        roles = " ".join(sorted(role.value for role in move.allowed))
        built = "yes" if move in BUILT else ""
        lines.append(f"| {move.name} | {sources} | {target} | {roles} | {move.tells} | {built} |")
    return "\n".join(lines)
