"""The campaigns of a pack."""

import pytest
from pydantic import TypeAdapter, ValidationError

from services.promotion.domain.pack import CAMPAIGNS_MAX, PackCampaigns

LIST = TypeAdapter(PackCampaigns)


def test_campaigns_stand_in_one_order_and_may_come_twice() -> None:
    assert LIST.validate_python(["b1", "a1", "b1"]) == ["a1", "b1", "b1"]


@pytest.mark.parametrize("listed", [[], ["Bad Code"], ["a1"] * (CAMPAIGNS_MAX + 1)])
def test_a_list_out_of_shape_is_none(listed: list[str]) -> None:
    with pytest.raises(ValidationError):
        LIST.validate_python(listed)
