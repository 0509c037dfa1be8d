"""A credit is known with the place of its news among the worker's: an older one cannot undo it."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; any news is newer than what was kept without."""
    op.execute("ALTER TABLE candidates ADD COLUMN credit_version bigint NOT NULL DEFAULT 0")
