"""Two staff decide at the same moment."""

from shared.contracts.worker import WorkerApproved
from tests.services.worker.given import GRANT, applied, code_of, decide, race
from tests.support.service import Running


async def test_of_approval_and_rejection_one_wins(run: Running) -> None:
    for turn in range(6):
        worker = await applied(run)

        async def approve(worker: object = worker) -> object:
            return await decide(run, worker, "approve", GRANT)  # type: ignore[arg-type]

        async def reject(worker: object = worker) -> object:
            return await decide(run, worker, "reject")  # type: ignore[arg-type]

        contenders = (approve, reject) if turn % 2 else (reject, approve)
        answers = await race("worker_for_update", *contenders)
        assert sorted(answer.status_code for answer in answers) == [200, 409]  # type: ignore[attr-defined]
        [lost] = [a for a in answers if a.status_code == 409]  # type: ignore[attr-defined]
        assert code_of(lost) == "move-refused"  # type: ignore[arg-type]
    async with run.begin() as tx:
        [row] = await tx.run("SELECT count(*) FROM decisions")
    assert row[0] == 6
    told = {event.worker_id for event in await run.told(WorkerApproved)}
    assert len(told) == len(await run.told(WorkerApproved))
