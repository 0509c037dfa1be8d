"""What falls due after a job: silence accepts, time closes the review, a cut upload is cleared."""

from services.order.domain.ports import PhotoStore
from services.order.use_cases.accept_work_automatically import accept_work_automatically
from services.order.use_cases.clear_cut_upload import clear_cut_upload
from services.order.use_cases.close_review import close_review
from shared.contracts.ids import OrderId
from shared.kit.session import Begin, Transaction
from shared.kit.timers import Timer, Timers


def job_timers(begin: Begin, photos: PhotoStore) -> Timers:
    """By kind; they run beside the order's other timers."""

    async def clear_upload(timer: Timer) -> None:
        await clear_cut_upload(begin, photos, timer.ref, timer.payload["name"])

    return Timers(
        inside={"auto_accept": accept_in_silence, "close_review": end_review},
        outside={"evidence_cut": clear_upload},
    )


async def accept_in_silence(tx: Transaction, timer: Timer) -> None:
    """The user said nothing until the time to accept was over."""
    await accept_work_automatically(tx, OrderId(timer.ref))


async def end_review(tx: Transaction, timer: Timer) -> None:
    """The user rated nothing until the time to review was over."""
    await close_review(tx, OrderId(timer.ref))
