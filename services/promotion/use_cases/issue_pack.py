"""Give a person a pack of coupons."""

from services.promotion.storage.coupons import Coupon, give_coupon
from services.promotion.storage.packs import find_pack, note_issue
from shared.contracts.ids import AccountId, CouponId, UserId
from shared.contracts.promotion import PackIssued
from shared.kit.caller import Caller
from shared.kit.log import get_logger
from shared.kit.session import Transaction

log = get_logger(__name__)


async def issue_pack(
    tx: Transaction, caller: Caller, account_id: AccountId, code: str
) -> list[CouponId]:
    """A person gets the coupons of a pack, once however often it is told; what is out is left out.

    Tells promotion.pack_issued.v1.
    """
    pack = await find_pack(tx, code)
    if pack is None or not await note_issue(tx, account_id, code):
        return []

    coupons: list[CouponId] = []
    for campaign in pack.campaigns:
        given = await give_coupon(tx, UserId(account_id), campaign)
        if isinstance(given, Coupon):
            coupons.append(given.id)
        else:
            log.info("pack.coupon_left_out", pack=code, campaign=campaign, reason=given)

    if coupons:
        tx.publish(PackIssued(account_id=account_id, pack=code, coupons=coupons))
    return coupons
