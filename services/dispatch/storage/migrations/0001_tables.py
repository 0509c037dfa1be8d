"""The tables of dispatch."""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None

_CURRENCY = "CHECK (net_currency IN ('HKD', 'CNY'))"

_WORKERS = """
CREATE TABLE candidates (
    worker_id uuid CONSTRAINT pk_candidates PRIMARY KEY,
    approved boolean NOT NULL, suspended boolean NOT NULL,
    skills jsonb NOT NULL, equipment jsonb NOT NULL, districts jsonb NOT NULL,
    base_lat double precision NOT NULL, base_lng double precision NOT NULL,
    base_cell bigint NOT NULL, radius_m bigint NOT NULL,
    shifts jsonb NOT NULL, days_off jsonb NOT NULL, travel_buffer_seconds bigint NOT NULL,
    credit double precision NOT NULL, jobs_done bigint NOT NULL,
    offers_accepted bigint NOT NULL DEFAULT 0, offers_declined bigint NOT NULL DEFAULT 0,
    offers_expired bigint NOT NULL DEFAULT 0,
    CONSTRAINT ck_candidates_answers
        CHECK (offers_accepted >= 0 AND offers_declined >= 0 AND offers_expired >= 0)
);
CREATE INDEX ix_candidates_base_cell ON candidates (base_cell);
CREATE TABLE presences (
    worker_id uuid CONSTRAINT pk_presences PRIMARY KEY,
    online boolean NOT NULL DEFAULT false, online_at timestamptz, idle_since timestamptz,
    lat double precision, lng double precision, accuracy_m bigint, cell bigint,
    located_at timestamptz, heard_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX ix_presences_cell ON presences (cell) WHERE cell IS NOT NULL;
CREATE TABLE slots (
    offer_id uuid CONSTRAINT pk_slots PRIMARY KEY, worker_id uuid NOT NULL,
    order_id uuid NOT NULL, starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    CONSTRAINT ck_slots_interval CHECK (starts_at <= ends_at)
);
CREATE INDEX ix_slots_worker_id_ends_at ON slots (worker_id, ends_at);
"""

_SEARCHES = f"""
CREATE TABLE known_orders (
    order_id uuid CONSTRAINT pk_known_orders PRIMARY KEY, user_id uuid NOT NULL,
    category varchar NOT NULL, offering_id uuid NOT NULL, offering_name jsonb NOT NULL,
    urgency varchar(40) NOT NULL
        CONSTRAINT ck_known_orders_urgency
        CHECK (urgency IN ('rescue', 'same_day', 'scheduled')),
    equipment varchar NOT NULL, search_until timestamptz NOT NULL,
    escalated_at timestamptz, closed_at timestamptz
);
CREATE TABLE closed_orders (order_id uuid CONSTRAINT pk_closed_orders PRIMARY KEY);
CREATE TABLE searches (
    id uuid CONSTRAINT pk_searches PRIMARY KEY,
    order_id uuid NOT NULL
        CONSTRAINT fk_searches_order_id REFERENCES known_orders (order_id),
    visit_id uuid NOT NULL, position bigint NOT NULL,
    skill varchar NOT NULL, level bigint NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    lat double precision NOT NULL, lng double precision NOT NULL,
    coarse_lat double precision NOT NULL, coarse_lng double precision NOT NULL,
    cell bigint NOT NULL, district varchar NOT NULL,
    net_minor bigint NOT NULL,
    net_currency varchar(40) NOT NULL CONSTRAINT ck_searches_net_currency {_CURRENCY},
    state varchar(40) NOT NULL DEFAULT 'searching'
        CONSTRAINT ck_searches_state
        CHECK (state IN ('searching', 'offered', 'filled', 'closed')),
    step bigint NOT NULL DEFAULT 0, rounds bigint NOT NULL DEFAULT 0,
    CONSTRAINT uq_searches_order_id_visit_id_position UNIQUE (order_id, visit_id, position),
    CONSTRAINT ck_searches_interval CHECK (starts_at < ends_at),
    CONSTRAINT ck_searches_net CHECK (net_minor >= 0),
    CONSTRAINT ck_searches_counts CHECK (step >= 0 AND rounds >= 0)
);
CREATE INDEX searches_waiting ON searches (cell) WHERE state = 'searching';
CREATE TABLE rounds (
    id uuid CONSTRAINT pk_rounds PRIMARY KEY,
    search_id uuid NOT NULL CONSTRAINT fk_rounds_search_id REFERENCES searches (id),
    order_id uuid NOT NULL, number bigint NOT NULL, radius_m bigint NOT NULL,
    first_at timestamptz NOT NULL, last_at timestamptz NOT NULL,
    candidates jsonb NOT NULL, rejected jsonb NOT NULL, offer_id uuid,
    repeats bigint NOT NULL DEFAULT 1,
    CONSTRAINT uq_rounds_search_id_number UNIQUE (search_id, number),
    CONSTRAINT ck_rounds_repeats CHECK (repeats >= 1)
);
CREATE INDEX ix_rounds_order_id_id ON rounds (order_id, id);
"""

_OFFERS = f"""
CREATE TABLE offers (
    id uuid CONSTRAINT pk_offers PRIMARY KEY,
    search_id uuid NOT NULL CONSTRAINT fk_offers_search_id REFERENCES searches (id),
    order_id uuid NOT NULL, visit_id uuid NOT NULL, position bigint NOT NULL,
    worker_id uuid NOT NULL, net_minor bigint NOT NULL,
    net_currency varchar(40) NOT NULL CONSTRAINT ck_offers_net_currency {_CURRENCY},
    distance_m bigint NOT NULL, eta_seconds bigint NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    offered_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    state varchar(40) NOT NULL DEFAULT 'offered'
        CONSTRAINT ck_offers_state
        CHECK (state IN ('offered', 'claiming', 'accepted', 'declined', 'expired', 'lost',
                         'cancelled', 'released')),
    answered_at timestamptz, promised_eta_seconds bigint,
    decline_reason varchar(40)
        CONSTRAINT ck_offers_decline_reason
        CHECK (decline_reason IN ('too_far', 'unavailable', 'missing_equipment', 'pay_too_low',
                                  'other')),
    claim_id uuid, lost_by varchar, ended_at timestamptz,
    CONSTRAINT ck_offers_interval CHECK (offered_at < expires_at),
    CONSTRAINT ck_offers_way CHECK (distance_m >= 0 AND eta_seconds >= 0),
    CONSTRAINT ck_offers_net CHECK (net_minor >= 0),
    CONSTRAINT ck_offers_claim CHECK ((state = 'claiming') <= (claim_id IS NOT NULL))
);
CREATE UNIQUE INDEX offers_holding_position ON offers (search_id)
    WHERE state IN ('offered', 'claiming', 'accepted');
CREATE UNIQUE INDEX offers_open_with_worker ON offers (worker_id)
    WHERE state IN ('offered', 'claiming');
CREATE INDEX offers_at_hand ON offers (worker_id) WHERE state = 'accepted' AND ended_at IS NULL;
CREATE UNIQUE INDEX offers_claim ON offers (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX ix_offers_order_id_id ON offers (order_id, id);
CREATE INDEX ix_offers_worker_id_id ON offers (worker_id, id);
"""


def upgrade() -> None:
    kit_tables()
    for statement in (_WORKERS + _SEARCHES + _OFFERS).split(";\n"):
        if statement.strip():
            op.execute(statement)
    grant_serving("dispatch_app", append_only=["closed_orders"])
