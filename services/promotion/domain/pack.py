"""A pack: coupons of several campaigns that a person gets together, once. Pure."""

from typing import Annotated

from pydantic import AfterValidator, Field

from services.promotion.domain.campaign import CampaignCode
from shared.kit.errors import NotFound

WELCOME = "welcome"  # The pack that comes with a new account.
CAMPAIGNS_MAX = 20


class PackNotFound(NotFound):
    """There is no such pack."""


def _in_order(codes: list[str]) -> list[str]:
    """By code: whoever gives packs takes from campaigns in one order, and nobody waits in a circle.

    A campaign that is named twice gives two coupons, as far as it allows one person.
    """
    return sorted(codes)


PackCampaigns = Annotated[
    list[CampaignCode],
    Field(min_length=1, max_length=CAMPAIGNS_MAX),
    AfterValidator(_in_order),
]
