"""The shapes of addresses on the wire: masked to the block in lists, whole for who may see it."""

from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt

from services.user.api.bodies import Body
from services.user.domain.address import (
    LINE_MAX,
    NOTE_MAX,
    STEPS_MAX,
    AddressDetails,
    District,
    Place,
    Region,
    Unit,
    region_of,
)
from services.user.storage.addresses import Address, open_place, reveal_unit
from shared.contracts.ids import AddressId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.texts import Printable

Line = Annotated[Printable, Field(max_length=LINE_MAX)]
Degrees = Annotated[StrictFloat | StrictInt, Field(ge=-180, le=180)]


class PointBody(Body):
    """Where the map chooser's pin stands, WGS-84."""

    lat: Degrees = Field(examples=[22.3829])
    lng: Degrees = Field(examples=[114.1903])


class LinesBody(Body):
    """The lines of a Hong Kong address; an estate or a building must be named."""

    estate: Line = ""
    building: Line = ""
    block: Line = ""
    floor: Line = ""
    flat: Line = ""


class AddressBody(Body):
    """An address as a person gives it."""

    point: PointBody
    district: District
    region: Region | None = Field(None, description="If given, it must be the district's.")
    lines: LinesBody
    label: Line = Field("", examples=["home"])
    has_lift: StrictBool = True
    steps: Annotated[StrictInt, Field(ge=0, le=STEPS_MAX)] = Field(
        0, description="Stairs between the road and the door."
    )
    parking_note: Annotated[Printable, Field(max_length=NOTE_MAX)] = ""

    def details(self) -> AddressDetails:
        """The same in the words of the domain."""
        lines = self.lines
        return AddressDetails(
            lat=float(self.point.lat),
            lng=float(self.point.lng),
            district=self.district,
            place=Place(
                lines.estate.strip(),
                lines.building.strip(),
                lines.block.strip(),
                self.label.strip(),
            ),
            unit=Unit(lines.floor.strip(), lines.flat.strip(), self.parking_note.strip()),
            has_lift=self.has_lift,
            steps=self.steps,
        )


class PointView(BaseModel):
    """A place in WGS-84 degrees."""

    lat: float
    lng: float


class BlockLines(BaseModel):
    """The lines down to the block."""

    estate: str
    building: str
    block: str


class DoorLines(BlockLines):
    """All lines, to the door."""

    floor: str
    flat: str


class _AddressFields(BaseModel):
    address_id: AddressId
    label: str
    point: PointView
    district: District
    region: Region
    has_lift: bool
    steps: int
    is_default: bool


class AddressView(_AddressFields):
    """An address down to the block."""

    lines: BlockLines


class OpenAddressView(_AddressFields):
    """An address to the door; each look at it is recorded."""

    lines: DoorLines
    parking_note: str


async def block_view(tx: Transaction, address: Address) -> AddressView:
    """The address as lists show it."""
    place = await open_place(tx, address)
    lines = BlockLines(estate=place.estate, building=place.building, block=place.block)
    return AddressView(**_fields(address, place).model_dump(), lines=lines)


async def door_view(
    tx: Transaction, caller: Caller, purpose: str, address: Address
) -> OpenAddressView:
    """The whole address, for this caller and purpose; the look is recorded."""
    place = await open_place(tx, address)
    unit = await reveal_unit(tx, caller, purpose, address)
    lines = DoorLines(
        estate=place.estate,
        building=place.building,
        block=place.block,
        floor=unit.floor,
        flat=unit.flat,
    )
    fields = _fields(address, place).model_dump()
    return OpenAddressView(**fields, lines=lines, parking_note=unit.parking_note)


def _fields(address: Address, place: Place) -> _AddressFields:
    return _AddressFields(
        address_id=address.id,
        label=place.label,
        point=PointView(lat=address.lat, lng=address.lng),
        district=address.district,
        region=region_of(address.district),
        has_lift=address.has_lift,
        steps=address.steps,
        is_default=address.is_default,
    )
