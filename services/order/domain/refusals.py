"""What an order may refuse, beside what its table of moves refuses. Pure."""

from shared.kit.errors import Conflict, Forbidden, Gone, Invalid, NotFound


class OrderNotFound(NotFound):
    """There is no such order, or it is not yours."""


class MoveNotBuilt(Conflict):
    """The move is legal here but not offered yet; nothing was changed."""


class LeadOnly(Forbidden):
    """Only the lead of the visit may do this."""


class OwnOrder(Conflict):
    """Nobody takes their own order."""


class PositionNotFound(NotFound):
    """The order has no such visit and position."""


class PositionFilled(Conflict):
    """Another worker holds this position already."""


class WorkerAlreadyInCrew(Conflict):
    """The worker holds another position of this visit already."""


class OfferReleased(Conflict):
    """This offer was assigned once and released again; it cannot be assigned anew."""


class QuoteNotFound(NotFound):
    """There is no such price quote, or it is not yours."""


class QuoteExpired(Gone):
    """The price quote is over; ask for a new one."""


class QuoteUsed(Conflict):
    """An order was placed by this price quote already."""


class PriceChanged(Conflict):
    """The price is not the one that was shown; ask for a new quote."""


class StartInvalid(Invalid):
    """The start does not fit the offering."""


class StopsInvalid(Invalid):
    """The stops do not fit the offering."""


class CapturedSumDiffers(Conflict):
    """The captured sum is not what was to pay."""
