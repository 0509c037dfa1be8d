"""Set where a worker takes jobs."""

from services.worker.domain.area import Area
from services.worker.storage.profiles import whole_state
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def set_service_area(tx: Transaction, caller: Caller, area: Area) -> Worker:
    """A worker says from where, how far and in which districts they take jobs.

    Raises WorkerNotFound. Tells worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, WorkerId(caller.id))

    worker.base_lat, worker.base_lng = area.lat, area.lng
    worker.radius_m, worker.districts = area.radius_m, area.districts

    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return worker
