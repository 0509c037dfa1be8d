"""Parts that several requests share."""

import pytest
from pydantic import ValidationError

from services.worker.api.shapes import AreaRequest, PlaceRequest, SkillRequest, levels_of
from services.worker.domain.worker import CodeRepeated


def test_levels_are_taken_by_code() -> None:
    skills = [SkillRequest(code="tow", level=1), SkillRequest(code="gas", level=5)]
    assert levels_of(skills) == {"tow": 1, "gas": 5}
    with pytest.raises(CodeRepeated):
        levels_of([*skills, SkillRequest(code="tow", level=2)])


@pytest.mark.parametrize("lat", [float("nan"), float("inf"), 91])
def test_a_place_is_on_earth(lat: float) -> None:
    with pytest.raises(ValidationError):
        PlaceRequest(lat=lat, lng=114)


def test_no_districts_means_everywhere() -> None:
    area = AreaRequest(base=PlaceRequest(lat=22.3, lng=114.1), radius_m=500)
    assert area.districts == []
