"""Pipe unblocking is on-site repair (features K1): it takes the brackets of repair."""

from alembic import op

revision = "0003"
down_revision = "0002"

_PIPES = """
INSERT INTO commission_rules (category, brackets, effective_at, made_at, made_by, reason)
SELECT 'pipes', brackets, effective_at, made_at, made_by, 'opening figures, as for repair'
FROM commission_rules WHERE category = 'repair' ORDER BY version LIMIT 1
"""


def upgrade() -> None:
    """Follow the general rule no longer."""
    op.execute(_PIPES)
