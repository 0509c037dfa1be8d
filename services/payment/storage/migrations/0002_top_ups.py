"""What the platform pays into an order's sub-account before the bank divides it."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Settlements made before were cut to what the sub-account held: nothing is to be paid in for them.
_TOP_UPS = """
ALTER TABLE settlements
    ADD COLUMN top_up_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN top_up_currency varchar(40) NOT NULL DEFAULT 'HKD',
    ADD COLUMN topped_up_at timestamptz,
    ADD CONSTRAINT ck_settlements_top_up_not_negative CHECK (top_up_minor >= 0),
    ADD CONSTRAINT ck_settlements_top_up_currency CHECK (top_up_currency IN ('HKD', 'CNY'))
"""
_NO_DEFAULTS = """
ALTER TABLE settlements
    ALTER COLUMN top_up_minor DROP DEFAULT, ALTER COLUMN top_up_currency DROP DEFAULT
"""


def upgrade() -> None:
    """Make room for the amount and when it was paid in."""
    op.execute(_TOP_UPS)
    op.execute(_NO_DEFAULTS)
