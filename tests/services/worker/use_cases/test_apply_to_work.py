"""Two requests of one person at the same moment."""

from services.worker.domain.area import area_of
from services.worker.domain.identity import IdKind
from services.worker.domain.worker import AlreadyApplied, WorkerState
from services.worker.storage.workers import Person
from services.worker.use_cases.apply_to_work import apply_to_work
from shared.contracts.worker import WorkerApplied
from shared.kit.caller import Caller, Role
from shared.kit.database import problem_of
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from tests.services.worker.given import applied, decide, new_hkid, race
from tests.support.service import Running, as_json


async def attempt(run: Running, caller: Caller) -> object:
    person = Person("Chan Tai Man", "Ah Man", IdKind.HKID, new_hkid())
    area = area_of(22.3, 114.17, 5000, [])
    try:
        async with run.begin() as tx:
            worker = await apply_to_work(tx, caller, person, {"towing": 1}, [], area, 900)
            return worker.state
    except Exception as refused:
        return refused if isinstance(refused, Conflict) else problem_of(refused)


async def test_of_equal_first_applications_one_is_taken(run: Running) -> None:
    caller = Caller(new_id(), Role.USER)
    outcomes = await race("own_worker_for_update", *[lambda: attempt(run, caller)] * 6)
    assert outcomes.count(WorkerState.APPLIED) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 5
    assert len(await run.told(WorkerApplied)) == 1


async def test_of_equal_second_applications_one_is_taken(run: Running) -> None:
    worker = await applied(run)
    as_json(await decide(run, worker, "reject"))
    caller = Caller(worker, Role.USER)
    outcomes = await race("own_worker_for_update", *[lambda: attempt(run, caller)] * 6)
    assert outcomes.count(WorkerState.APPLIED) == 1
    assert sum(isinstance(outcome, AlreadyApplied) for outcome in outcomes) == 5
