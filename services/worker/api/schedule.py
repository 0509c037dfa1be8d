"""A worker's weekly hours and service area."""

from fastapi import APIRouter
from pydantic import Field, StrictInt

from services.worker.api.shapes import AreaRequest, PlaceRequest, Request, View
from services.worker.domain.area import DistrictUnknown, OutsideHongKong, area_of
from services.worker.domain.schedule import SHIFTS_MAX, ShiftInvalid, ShiftsOverlap
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage.workers import Worker, worker_of
from services.worker.use_cases.set_schedule import set_schedule
from services.worker.use_cases.set_service_area import set_service_area
from shared.contracts.ids import WorkerId
from shared.contracts.worker import Shift
from shared.kit.web import BeginDep, ReadDep, WorkerCaller, problems

router = APIRouter(prefix="/workers/me", tags=["schedule"])


class ShiftRequest(Request):
    """Working hours that begin on a weekday (0 is Monday), Hong Kong time.

    An end at or before the start is on the next day: 22:00 to 06:00.
    """

    weekday: StrictInt = Field(ge=0, le=6)
    starts: str = Field(max_length=5)
    ends: str = Field(max_length=5)


class ScheduleRequest(Request):
    """All shifts of a week; an empty list means that no jobs come."""

    shifts: list[ShiftRequest] = Field(max_length=SHIFTS_MAX)


class ScheduleView(View):
    """The shifts of a week in order."""

    shifts: list[Shift]


class AreaView(View):
    """Where a worker takes jobs."""

    base: PlaceRequest
    radius_m: int
    districts: list[str]


def _area(worker: Worker) -> AreaView:
    base = PlaceRequest(lat=worker.base_lat, lng=worker.base_lng)
    return AreaView(base=base, radius_m=worker.radius_m, districts=worker.districts)


@router.put("/schedule", responses=problems(WorkerNotFound, ShiftInvalid, ShiftsOverlap))
async def put_schedule(
    body: ScheduleRequest, caller: WorkerCaller, begin: BeginDep
) -> ScheduleView:
    """Set the weekly hours. Jobs already accepted stay."""
    shifts = [Shift(**shift.model_dump()) for shift in body.shifts]
    async with begin() as tx:
        return ScheduleView.model_validate(await set_schedule(tx, caller, shifts))


@router.get("/schedule", responses=problems(WorkerNotFound))
async def get_schedule(caller: WorkerCaller, read: ReadDep) -> ScheduleView:
    """The weekly hours."""
    async with read() as tx:
        return ScheduleView.model_validate(await worker_of(tx, caller, WorkerId(caller.id)))


@router.put("/service-area", responses=problems(WorkerNotFound, OutsideHongKong, DistrictUnknown))
async def put_service_area(body: AreaRequest, caller: WorkerCaller, begin: BeginDep) -> AreaView:
    """Set from where, how far and in which districts jobs may come."""
    area = area_of(body.base.lat, body.base.lng, body.radius_m, body.districts)
    async with begin() as tx:
        return _area(await set_service_area(tx, caller, area))


@router.get("/service-area", responses=problems(WorkerNotFound))
async def get_service_area(caller: WorkerCaller, read: ReadDep) -> AreaView:
    """From where, how far and in which districts jobs may come."""
    async with read() as tx:
        return _area(await worker_of(tx, caller, WorkerId(caller.id)))
