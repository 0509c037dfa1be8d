"""Positions know when their workers promised to be there; those filled before have no promise."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; a promise goes with its worker."""
    op.execute("ALTER TABLE positions ADD COLUMN promised_at timestamptz")
    op.execute(
        "ALTER TABLE positions ADD CONSTRAINT ck_positions_promise_of_somebody"
        " CHECK (promised_at IS NULL OR worker_id IS NOT NULL)"
    )
