"""What beginning to pay an order is decided on, in one reading under two locks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payment.domain.payable import PayableNotFound, PayableState
from services.payment.domain.payment import ChannelName, PaymentMove
from shared.contracts.ids import OrderId, PaymentId, UserId
from shared.kit.caller import Caller
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction
from shared.privacy.sealing import note_data_key

MINUTE = timedelta(seconds=60)
_OPEN = sorted(PaymentMove.CLOSE.sources)

# The order's lock and the user's: what the user begins at once elsewhere is counted in turn.
_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended($2::text, 0)) FROM payables
WHERE order_id = $1 AND user_id = $2::uuid FOR UPDATE
"""
# A statement of its own: it must see what was written while the locks were waited for.
_READ = """
SELECT p.description, p.payable_minor, p.payable_currency, p.pay_until, p.state,
    (SELECT account FROM payers WHERE user_id = $2) AS account,
    (SELECT wrapped FROM subject_keys WHERE subject = $2) AS wrapped,
    (SELECT id FROM payments WHERE order_id = $1 AND channel = $3 AND state = ANY($4)) AS rival,
    (SELECT count(*) FROM payments WHERE user_id = $2 AND created_at > $5) AS begun
FROM payables p WHERE p.order_id = $1
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """An order that its user wants to pay at a channel."""

    order_id: OrderId
    user_id: UserId
    description: str
    payable: Money
    pay_until: datetime
    state: PayableState
    account: bytes | None  # The user's at WeChat, sealed, where it was learnt before.
    rival: PaymentId | None  # An attempt at the same channel that may still be paid.
    begun: int  # Attempts that the user began within the last minute.


async def checkout_for_update(
    tx: Transaction, caller: Caller, order_id: OrderId, channel: ChannelName
) -> Checkout:
    """The caller's order, locked until the transaction ends. Raises PayableNotFound."""
    if not await tx.run(_LOCK, order_id, str(caller.id)):
        raise PayableNotFound(f"No order {order_id} of yours waits for money.", order_id=order_id)
    [row] = await tx.run(_READ, order_id, caller.id, channel, _OPEN, tx.now - MINUTE)
    note_data_key(tx, caller.id, row["wrapped"])
    return Checkout(
        order_id=order_id,
        user_id=UserId(caller.id),
        description=row["description"],
        payable=Money(row["payable_minor"], Currency(row["payable_currency"])),
        pay_until=row["pay_until"],
        state=PayableState(row["state"]),
        account=row["account"],
        rival=row["rival"],
        begun=row["begun"],
    )
