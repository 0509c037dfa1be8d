"""Ids that cross service borders."""

from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)  # A person: as user and as worker.
UserId = NewType("UserId", UUID)  # The account of who orders.
WorkerId = NewType("WorkerId", UUID)  # The account of who does the job.
AddressId = NewType("AddressId", UUID)
OfferingId = NewType("OfferingId", UUID)
QuoteId = NewType("QuoteId", UUID)  # A price quote.
OrderId = NewType("OrderId", UUID)
VisitId = NewType("VisitId", UUID)
OfferId = NewType("OfferId", UUID)  # Dispatch's proposal of a job to a worker.
PaymentId = NewType("PaymentId", UUID)  # One attempt to pay.
RefundId = NewType("RefundId", UUID)
CouponId = NewType("CouponId", UUID)
LockId = NewType("LockId", UUID)  # A lock of benefits; the same as the order's id.
