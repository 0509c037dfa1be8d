"""The tables of the catalogue: categories, offerings, price books, synonyms, and its changes."""

from alembic import op

from shared.run.migrate import grant_serving

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """
CREATE TABLE categories (
    code varchar NOT NULL,
    rank bigint NOT NULL,
    is_on boolean NOT NULL,
    terms jsonb NOT NULL,
    CONSTRAINT pk_categories PRIMARY KEY (code)
)
    """,
    """
CREATE TABLE offerings (
    id uuid NOT NULL,
    code varchar NOT NULL,
    category varchar NOT NULL,
    rank bigint NOT NULL,
    on_sale boolean NOT NULL,
    districts text[] NOT NULL,
    terms jsonb NOT NULL,
    tokens text[] NOT NULL,
    CONSTRAINT pk_offerings PRIMARY KEY (id),
    CONSTRAINT uq_offerings_code UNIQUE (code),
    CONSTRAINT fk_offerings_category FOREIGN KEY (category) REFERENCES categories (code)
)
    """,
    """
CREATE TABLE price_versions (
    offering_id uuid NOT NULL,
    version bigint NOT NULL,
    effective_at timestamptz NOT NULL,
    book jsonb NOT NULL,
    written_at timestamptz NOT NULL,
    written_by uuid NOT NULL,
    reason varchar NOT NULL,
    CONSTRAINT pk_price_versions PRIMARY KEY (offering_id, version),
    CONSTRAINT fk_price_versions_offering_id FOREIGN KEY (offering_id) REFERENCES offerings (id),
    CONSTRAINT ck_price_versions_version_from_one CHECK (version >= 1),
    CONSTRAINT ck_price_versions_not_backdated CHECK (effective_at >= written_at)
)
    """,
    """
CREATE TABLE synonyms (
    concept varchar NOT NULL,
    words text[] NOT NULL,
    CONSTRAINT pk_synonyms PRIMARY KEY (concept)
)
    """,
    """
CREATE TABLE catalogue_changes (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor uuid NOT NULL,
    noun varchar NOT NULL,
    code varchar NOT NULL,
    reason varchar NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    CONSTRAINT pk_catalogue_changes PRIMARY KEY (id),
    CONSTRAINT ck_catalogue_changes_noun CHECK (noun IN ('category', 'offering', 'synonyms'))
)
    """,
    """
CREATE TABLE catalogue_versions (
    id smallint NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT pk_catalogue_versions PRIMARY KEY (id),
    CONSTRAINT ck_catalogue_versions_one_row CHECK (id = 1)
)
    """,
    "INSERT INTO catalogue_versions (id, version) VALUES (1, 0)",
    "CREATE INDEX ix_offerings_category_rank_code ON offerings (category, rank, code)",
    "CREATE INDEX ix_offerings_tokens ON offerings USING gin (tokens)",
    "CREATE INDEX ix_price_versions_offering_id_effective_at_version"
    " ON price_versions (offering_id, effective_at DESC, version DESC)",
    "CREATE INDEX ix_price_versions_effective_at ON price_versions (effective_at)",
    "CREATE INDEX ix_catalogue_changes_noun_code_id ON catalogue_changes (noun, code, id DESC)",
)


def upgrade() -> None:
    """Create the tables, and keep what is append-only so, the orders' history included."""
    for statement in _STATEMENTS:
        op.execute(statement)
    grant_serving("order_app", append_only=["order_history", "price_versions", "catalogue_changes"])
