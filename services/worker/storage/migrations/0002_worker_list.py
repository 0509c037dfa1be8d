"""What lists the workers of a skill, best credit first."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_workers_credit ON workers (credit_points, id) WHERE state = 'approved'"
    )
