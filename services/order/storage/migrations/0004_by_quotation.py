"""Orders know whether their work is priced by a quotation; those placed before are not."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; no offering was priced by a quotation until now."""
    op.execute("ALTER TABLE orders ADD COLUMN by_quotation boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE orders ALTER COLUMN by_quotation DROP DEFAULT")
