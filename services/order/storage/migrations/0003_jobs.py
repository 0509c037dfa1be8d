"""The tables of a job after its assignment: evidence photos and reviews.

Grants here name these two tables only, so that no other table's protection is touched.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    """
CREATE TABLE evidence (
    shard smallint NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    visit_id uuid NOT NULL,
    position bigint NOT NULL,
    worker_id uuid NOT NULL,
    stage varchar(40) NOT NULL,
    angle varchar NOT NULL,
    sha256 varchar NOT NULL,
    width bigint NOT NULL,
    height bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    lat double precision,
    lng double precision,
    stored_at timestamptz,
    CONSTRAINT pk_evidence PRIMARY KEY (shard, id),
    CONSTRAINT fk_evidence_shard_order_id
        FOREIGN KEY(shard, order_id) REFERENCES orders (shard, id),
    CONSTRAINT uq_evidence_shard_order_id_sha256 UNIQUE (shard, order_id, sha256),
    CONSTRAINT ck_evidence_size CHECK (width > 0 AND height > 0),
    CONSTRAINT ck_evidence_stage CHECK (stage IN ('before', 'during', 'after'))
)
    """,
    "CREATE INDEX ix_evidence_shard_order_id_id ON evidence (shard, order_id, id)",
    """
CREATE TABLE reviews (
    shard smallint NOT NULL,
    order_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    rating bigint NOT NULL,
    scores jsonb NOT NULL,
    reviewed_at timestamptz NOT NULL,
    text bytea,
    CONSTRAINT pk_reviews PRIMARY KEY (shard, order_id),
    CONSTRAINT fk_reviews_shard_order_id
        FOREIGN KEY(shard, order_id) REFERENCES orders (shard, id),
    CONSTRAINT ck_reviews_rating CHECK (rating BETWEEN 1 AND 5)
)
    """,
    "CREATE UNIQUE INDEX uq_reviews_offering_id_id ON reviews (offering_id, id)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON evidence TO order_app",
    "GRANT SELECT, INSERT ON reviews TO order_app",
)


def upgrade() -> None:
    """Create the tables; a review, once written, stays as it is."""
    for statement in _STATEMENTS:
        op.execute(statement)
