"""The tables of orders: orders, visits, stops, positions, their history, and price quotes.

A later migration that grants again must name every append-only table, ``order_history`` among
them, or it takes the protection away.
"""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None

_TABLES = (
    """
CREATE TABLE orders (
    shard smallint NOT NULL,
    id uuid NOT NULL,
    number varchar NOT NULL,
    user_id uuid NOT NULL,
    quote_id uuid NOT NULL,
    category varchar NOT NULL,
    offering_id uuid NOT NULL,
    offering_name jsonb NOT NULL,
    urgency varchar(40) NOT NULL,
    equipment varchar NOT NULL,
    list_price_minor bigint NOT NULL,
    list_price_currency varchar(40) NOT NULL,
    payable_minor bigint NOT NULL,
    payable_currency varchar(40) NOT NULL,
    commissionable_minor bigint NOT NULL,
    commissionable_currency varchar(40) NOT NULL,
    discounts jsonb NOT NULL,
    lines jsonb NOT NULL,
    checklist jsonb NOT NULL,
    start_code varchar NOT NULL,
    placed_at timestamptz NOT NULL,
    pay_until timestamptz NOT NULL,
    auto_accept_hours bigint NOT NULL,
    state varchar(40) NOT NULL,
    version bigint NOT NULL,
    visit_number bigint NOT NULL,
    start_tries bigint NOT NULL,
    paid_at timestamptz,
    capture jsonb NOT NULL,
    search_until timestamptz,
    escalated_at timestamptz,
    completed_at timestamptz,
    accept_until timestamptz,
    accepted_at timestamptz,
    cancelled_at timestamptz,
    cancel_reason varchar(40),
    refunded_minor bigint NOT NULL,
    case_open boolean NOT NULL,
    CONSTRAINT pk_orders PRIMARY KEY (shard, id),
    CONSTRAINT uq_orders_number_shard UNIQUE (number, shard),
    CONSTRAINT uq_orders_shard_quote_id UNIQUE (shard, quote_id),
    CONSTRAINT ck_orders_list_price_not_negative CHECK (list_price_minor >= 0),
    CONSTRAINT ck_orders_payable_in_range CHECK (payable_minor BETWEEN 0 AND list_price_minor),
    CONSTRAINT ck_orders_commissionable_not_negative CHECK (commissionable_minor >= 0),
    CONSTRAINT ck_orders_refunded_in_range CHECK (refunded_minor BETWEEN 0 AND payable_minor),
    CONSTRAINT ck_orders_cancelled_has_instant
        CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
    CONSTRAINT ck_orders_urgency CHECK (urgency IN ('rescue', 'same_day', 'scheduled')),
    CONSTRAINT ck_orders_list_price_currency CHECK (list_price_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_orders_payable_currency CHECK (payable_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_orders_commissionable_currency
        CHECK (commissionable_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_orders_state CHECK (state IN (
        'pending_payment', 'pending_dispatch', 'assigned', 'en_route', 'arrived', 'diagnosing',
        'suspended', 'quoted', 'pending_topup', 'in_service', 'variation_pending',
        'pending_acceptance', 'pending_review', 'completed', 'cancelled', 'closed')),
    CONSTRAINT ck_orders_cancel_reason
        CHECK (cancel_reason IN ('pay_timeout', 'user', 'staff', 'no_worker'))
)
    """,
    """
CREATE TABLE visits (
    shard smallint NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    number bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    departed_at timestamptz,
    arrived_at timestamptz,
    arrived_by varchar,
    started_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT pk_visits PRIMARY KEY (shard, id),
    CONSTRAINT fk_visits_shard_order_id
        FOREIGN KEY(shard, order_id) REFERENCES orders (shard, id),
    CONSTRAINT uq_visits_shard_order_id_number UNIQUE (shard, order_id, number),
    CONSTRAINT ck_visits_ends_after_start CHECK (starts_at < ends_at),
    CONSTRAINT ck_visits_number_from_one CHECK (number >= 1)
)
    """,
    """
CREATE TABLE stops (
    shard smallint NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    visit_id uuid NOT NULL,
    number bigint NOT NULL,
    kind varchar NOT NULL,
    lat double precision NOT NULL,
    lng double precision NOT NULL,
    district varchar NOT NULL,
    lines bytea NOT NULL,
    address_id uuid,
    has_lift boolean NOT NULL,
    steps bigint NOT NULL,
    CONSTRAINT pk_stops PRIMARY KEY (shard, id),
    CONSTRAINT fk_stops_shard_order_id
        FOREIGN KEY(shard, order_id) REFERENCES orders (shard, id),
    CONSTRAINT uq_stops_shard_order_id_visit_id_number UNIQUE (shard, order_id, visit_id, number)
        ,
    CONSTRAINT ck_stops_kind CHECK (kind IN ('site', 'pick_up', 'drop_off'))
)
    """,
    """
CREATE TABLE positions (
    shard smallint NOT NULL,
    visit_id uuid NOT NULL,
    number bigint NOT NULL,
    order_id uuid NOT NULL,
    visit_number bigint NOT NULL,
    weight bigint NOT NULL,
    skill varchar NOT NULL,
    level bigint NOT NULL,
    worker_id uuid,
    offer_id uuid,
    assigned_at timestamptz,
    arrived_at timestamptz,
    CONSTRAINT pk_positions PRIMARY KEY (shard, visit_id, number),
    CONSTRAINT fk_positions_shard_order_id
        FOREIGN KEY(shard, order_id) REFERENCES orders (shard, id),
    CONSTRAINT ck_positions_number_and_weight CHECK (number >= 1 AND weight >= 0),
    CONSTRAINT ck_positions_level CHECK (level BETWEEN 1 AND 5),
    CONSTRAINT ck_positions_filled_whole
        CHECK ((worker_id IS NULL) = (offer_id IS NULL) AND (worker_id IS NULL) = (assigned_at
        IS NULL) AND (arrived_at IS NULL OR worker_id IS NOT NULL))
)
    """,
    """
CREATE TABLE order_history (
    shard smallint NOT NULL,
    order_id uuid NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    actor uuid NOT NULL,
    role varchar(40) NOT NULL,
    what varchar NOT NULL,
    before varchar(40),
    after varchar(40) NOT NULL,
    reason varchar NOT NULL,
    facts jsonb NOT NULL,
    correlation varchar NOT NULL,
    CONSTRAINT pk_order_history PRIMARY KEY (shard, order_id, number),
    CONSTRAINT ck_order_history_role CHECK (role IN ('user', 'worker', 'staff', 'system')),
    CONSTRAINT ck_order_history_before CHECK (before IN (
        'pending_payment', 'pending_dispatch', 'assigned', 'en_route', 'arrived', 'diagnosing',
        'suspended', 'quoted', 'pending_topup', 'in_service', 'variation_pending',
        'pending_acceptance', 'pending_review', 'completed', 'cancelled', 'closed')),
    CONSTRAINT ck_order_history_after CHECK (after IN (
        'pending_payment', 'pending_dispatch', 'assigned', 'en_route', 'arrived', 'diagnosing',
        'suspended', 'quoted', 'pending_topup', 'in_service', 'variation_pending',
        'pending_acceptance', 'pending_review', 'completed', 'cancelled', 'closed'))
)
    """,
    """
CREATE TABLE assignments (
    shard smallint NOT NULL,
    offer_id uuid NOT NULL,
    order_id uuid NOT NULL,
    visit_id uuid NOT NULL,
    position bigint NOT NULL,
    worker_id uuid NOT NULL,
    assigned_at timestamptz NOT NULL,
    released_at timestamptz,
    CONSTRAINT pk_assignments PRIMARY KEY (shard, offer_id),
    CONSTRAINT fk_assignments_shard_order_id
        FOREIGN KEY(shard, order_id) REFERENCES orders (shard, id)
)
    """,
    """
CREATE TABLE worker_names (
    worker_id uuid NOT NULL,
    display_name varchar NOT NULL,
    CONSTRAINT pk_worker_names PRIMARY KEY (worker_id)
)
    """,
    """
CREATE TABLE price_quotes (
    shard smallint NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    price_version bigint NOT NULL,
    list_price_minor bigint NOT NULL,
    list_price_currency varchar(40) NOT NULL,
    payable_minor bigint NOT NULL,
    payable_currency varchar(40) NOT NULL,
    commissionable_minor bigint NOT NULL,
    commissionable_currency varchar(40) NOT NULL,
    ask jsonb NOT NULL,
    layout jsonb NOT NULL,
    lines jsonb NOT NULL,
    benefits jsonb NOT NULL,
    stops jsonb NOT NULL,
    hash varchar NOT NULL,
    expires_at timestamptz NOT NULL,
    order_id uuid,
    start_code varchar NOT NULL,
    CONSTRAINT pk_price_quotes PRIMARY KEY (shard, id),
    CONSTRAINT ck_price_quotes_payable_in_range
        CHECK (payable_minor BETWEEN 0 AND list_price_minor),
    CONSTRAINT ck_price_quotes_list_price_currency
        CHECK (list_price_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_price_quotes_payable_currency CHECK (payable_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_price_quotes_commissionable_currency
        CHECK (commissionable_currency IN ('HKD', 'CNY'))
)
    """,
)

_INDEXES = (
    "CREATE INDEX ix_orders_shard_user_id_id ON orders (shard, user_id, id DESC)",
    "CREATE INDEX ix_orders_state_id ON orders (state, id DESC)",
    "CREATE INDEX ix_positions_shard_order_id ON positions (shard, order_id)",
    "CREATE INDEX ix_positions_worker_id_order_id"
    " ON positions (worker_id, order_id DESC) WHERE worker_id IS NOT NULL",
    "CREATE UNIQUE INDEX uq_positions_shard_visit_id_worker_id"
    " ON positions (shard, visit_id, worker_id) WHERE worker_id IS NOT NULL",
    "CREATE INDEX ix_assignments_shard_order_id ON assignments (shard, order_id)",
    "CREATE INDEX ix_price_quotes_expires_at ON price_quotes (expires_at)",
)


def upgrade() -> None:
    """Create the kit's tables and ours, and let the serving role use them."""
    kit_tables()
    op.execute("CREATE SEQUENCE order_numbers")
    for statement in (*_TABLES, *_INDEXES):
        op.execute(statement)
    grant_serving("order_app", append_only=["order_history"])
