"""Under how many numbers a refund was asked for: one closed at the channel needs a new one."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TRIES = """
ALTER TABLE refunds
    ADD COLUMN tries bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT ck_refunds_tries_positive CHECK (tries >= 1)
"""
_NO_DEFAULT = "ALTER TABLE refunds ALTER COLUMN tries DROP DEFAULT"


def upgrade() -> None:
    """Every refund so far has had one."""
    op.execute(_TRIES)
    op.execute(_NO_DEFAULT)
