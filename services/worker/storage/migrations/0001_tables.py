"""Workers, their skills, hours, bookings and credit."""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None

_DDL = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE workers (
    id uuid NOT NULL,
    legal_name_sealed bytea NOT NULL, legal_name_shown text NOT NULL,
    display_name_sealed bytea NOT NULL, display_name_shown text NOT NULL,
    identity_kind varchar(40) NOT NULL,
    identity_sealed bytea NOT NULL, identity_index bytea NOT NULL, identity_shown text NOT NULL,
    base_lat double precision NOT NULL, base_lng double precision NOT NULL,
    radius_m bigint NOT NULL, districts jsonb NOT NULL,
    equipment_asked jsonb NOT NULL, equipment jsonb NOT NULL, shifts jsonb NOT NULL,
    travel_buffer_seconds bigint NOT NULL,
    credit_points bigint NOT NULL, jobs_done bigint NOT NULL,
    applied_at timestamptz NOT NULL, approved_at timestamptz, refusal text,
    state varchar(40) NOT NULL,
    CONSTRAINT pk_workers PRIMARY KEY (id),
    CONSTRAINT ck_workers_identity_kind
        CHECK (identity_kind IN ('hkid', 'mainland_id', 'passport')),
    CONSTRAINT ck_workers_state
        CHECK (state IN ('applied', 'rejected', 'approved', 'suspended')),
    CONSTRAINT ck_workers_base
        CHECK (base_lat BETWEEN 22.13 AND 22.57 AND base_lng BETWEEN 113.82 AND 114.45),
    CONSTRAINT ck_workers_radius_m CHECK (radius_m > 0),
    CONSTRAINT ck_workers_travel_buffer_seconds CHECK (travel_buffer_seconds >= 0),
    CONSTRAINT ck_workers_credit_points CHECK (credit_points BETWEEN 0 AND 10000),
    CONSTRAINT ck_workers_jobs_done CHECK (jobs_done >= 0));
CREATE UNIQUE INDEX uq_workers_identity_index ON workers (identity_index);
CREATE INDEX ix_workers_state_applied_at ON workers (state, applied_at, id);
CREATE TABLE worker_skills (
    worker_id uuid NOT NULL, code text NOT NULL, level_asked smallint NOT NULL,
    level_granted smallint, granted_at timestamptz,
    CONSTRAINT pk_worker_skills PRIMARY KEY (worker_id, code),
    CONSTRAINT fk_worker_skills_worker_id FOREIGN KEY (worker_id) REFERENCES workers (id),
    CONSTRAINT ck_worker_skills_level_asked CHECK (level_asked BETWEEN 1 AND 5),
    CONSTRAINT ck_worker_skills_level_granted CHECK (level_granted BETWEEN 1 AND 5));
CREATE TABLE decisions (
    id uuid NOT NULL, worker_id uuid NOT NULL, actor uuid NOT NULL, move text NOT NULL,
    reason text NOT NULL, facts jsonb NOT NULL, at timestamptz NOT NULL,
    CONSTRAINT pk_decisions PRIMARY KEY (id),
    CONSTRAINT fk_decisions_worker_id FOREIGN KEY (worker_id) REFERENCES workers (id));
CREATE INDEX ix_decisions_worker_id ON decisions (worker_id, id);
CREATE TABLE time_off (
    id uuid NOT NULL, worker_id uuid NOT NULL, first_on date NOT NULL, last_on date NOT NULL,
    note text NOT NULL, state varchar(40) NOT NULL,
    CONSTRAINT pk_time_off PRIMARY KEY (id),
    CONSTRAINT fk_time_off_worker_id FOREIGN KEY (worker_id) REFERENCES workers (id),
    CONSTRAINT ck_time_off_days CHECK (last_on >= first_on),
    CONSTRAINT ck_time_off_state CHECK (state IN ('taken', 'cancelled')),
    CONSTRAINT ex_time_off_days EXCLUDE USING gist
        (worker_id WITH =, daterange(first_on, last_on, '[]') WITH &&) WHERE (state = 'taken'));
CREATE INDEX ix_time_off_worker_id ON time_off (worker_id, id);
CREATE TABLE bookings (
    id uuid NOT NULL, worker_id uuid NOT NULL, order_id uuid NOT NULL, visit_id uuid,
    job_starts_at timestamptz, job_ends_at timestamptz, slot tstzrange NOT NULL,
    state varchar(40) DEFAULT 'held' NOT NULL,
    CONSTRAINT pk_bookings PRIMARY KEY (id),
    CONSTRAINT ck_bookings_state CHECK (state IN ('held', 'ended', 'released')),
    CONSTRAINT ck_bookings_job
        CHECK (isempty(slot) OR (visit_id IS NOT NULL AND job_starts_at < job_ends_at)),
    CONSTRAINT ex_bookings_slot EXCLUDE USING gist
        (worker_id WITH =, slot WITH &&) WHERE (state IN ('held', 'ended')));
CREATE INDEX ix_bookings_order_id ON bookings (order_id);
CREATE INDEX ix_bookings_worker_id ON bookings (worker_id, id);
CREATE TABLE credit_events (
    id uuid NOT NULL, worker_id uuid NOT NULL, order_id uuid, kind varchar(40) NOT NULL,
    value bigint NOT NULL, cause_id uuid NOT NULL,
    before bigint NOT NULL, after bigint NOT NULL, at timestamptz NOT NULL,
    CONSTRAINT pk_credit_events PRIMARY KEY (id),
    CONSTRAINT fk_credit_events_worker_id FOREIGN KEY (worker_id) REFERENCES workers (id),
    CONSTRAINT ck_credit_events_kind
        CHECK (kind IN ('completed', 'breached', 'rated', 'arrived', 'lapsed')),
    CONSTRAINT ck_credit_events_points
        CHECK (before BETWEEN 0 AND 10000 AND after BETWEEN 0 AND 10000),
    CONSTRAINT ck_credit_events_order CHECK ((kind = 'lapsed') = (order_id IS NULL)),
    CONSTRAINT ck_credit_events_rating CHECK (kind <> 'rated' OR value BETWEEN 1 AND 5));
CREATE UNIQUE INDEX uq_credit_events_worker_id_cause_id ON credit_events (worker_id, cause_id);
CREATE INDEX ix_credit_events_worker_id_at ON credit_events (worker_id, at);
CREATE INDEX ix_credit_events_worker_id_id ON credit_events (worker_id, id)
"""


def upgrade() -> None:
    kit_tables()
    for statement in _DDL.split(";\n"):
        op.execute(statement)
    grant_serving("worker_app", append_only=["credit_events", "decisions"])
