"""Make or change a pack."""

from services.promotion.domain.campaign import CampaignNotFound
from services.promotion.storage.campaigns import known_campaigns
from services.promotion.storage.packs import keep_pack
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def put_pack(
    tx: Transaction, caller: Caller, code: str, campaigns: list[str], reason: str
) -> bool:
    """From now on the pack gives a coupon of each of these campaigns.

    False if it was so already. Raises CampaignNotFound.
    """
    known = await known_campaigns(tx, campaigns)

    if missing := sorted(set(campaigns) - known):
        raise CampaignNotFound(f"No campaign {missing[0]}.", field="campaigns", code=missing[0])

    return await keep_pack(tx, caller, code, campaigns, reason)
