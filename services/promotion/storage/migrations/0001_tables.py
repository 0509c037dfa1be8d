"""Campaigns, packs, coupons, and the locks that hold them for orders."""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None

_DDL = """
CREATE TABLE campaigns (
    code text NOT NULL, version bigint NOT NULL, claimable boolean NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    issue_limit bigint NOT NULL, remaining bigint NOT NULL,
    budget_minor bigint NOT NULL, budget_currency varchar(40) NOT NULL,
    budget_left_minor bigint NOT NULL, budget_left_currency varchar(40) NOT NULL,
    CONSTRAINT pk_campaigns PRIMARY KEY (code),
    CONSTRAINT ck_campaigns_remaining CHECK (remaining BETWEEN 0 AND issue_limit),
    CONSTRAINT ck_campaigns_budget_left CHECK (budget_left_minor BETWEEN 0 AND budget_minor
        AND budget_left_currency = budget_currency),
    CONSTRAINT ck_campaigns_window CHECK (starts_at < ends_at),
    CONSTRAINT ck_campaigns_budget_currency CHECK (budget_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_campaigns_budget_left_currency
        CHECK (budget_left_currency IN ('HKD', 'CNY'))) WITH (fillfactor = 70);
CREATE INDEX ix_campaigns_claimable ON campaigns (code) WHERE claimable;
CREATE TABLE campaign_versions (
    code text NOT NULL, version bigint NOT NULL, plan jsonb NOT NULL,
    actor uuid NOT NULL, reason varchar NOT NULL, at timestamptz NOT NULL,
    CONSTRAINT pk_campaign_versions PRIMARY KEY (code, version),
    CONSTRAINT fk_campaign_versions_code FOREIGN KEY (code) REFERENCES campaigns (code),
    CONSTRAINT ck_campaign_versions_version CHECK (version > 0));
CREATE TABLE packs (
    code text NOT NULL, campaigns jsonb NOT NULL, changed_by uuid NOT NULL,
    reason varchar NOT NULL, changed_at timestamptz NOT NULL,
    CONSTRAINT pk_packs PRIMARY KEY (code));
CREATE TABLE pack_issues (
    account_id uuid NOT NULL, pack text NOT NULL, at timestamptz NOT NULL,
    CONSTRAINT pk_pack_issues PRIMARY KEY (account_id, pack),
    CONSTRAINT fk_pack_issues_pack FOREIGN KEY (pack) REFERENCES packs (code));
CREATE TABLE coupons (
    user_id uuid NOT NULL, campaign text NOT NULL, version bigint NOT NULL, nth smallint NOT NULL,
    issued_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, order_id uuid,
    state varchar(40) DEFAULT 'issued' NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_coupons PRIMARY KEY (id),
    CONSTRAINT fk_coupons_campaign_version FOREIGN KEY (campaign, version)
        REFERENCES campaign_versions (code, version),
    CONSTRAINT ck_coupons_nth CHECK (nth > 0),
    CONSTRAINT ck_coupons_state
        CHECK (state IN ('issued', 'locked', 'redeemed', 'returned', 'expired')),
    CONSTRAINT ck_coupons_order
        CHECK ((state IN ('locked', 'redeemed')) = (order_id IS NOT NULL))) WITH (fillfactor = 80);
CREATE UNIQUE INDEX uq_coupons_user_id_campaign_nth ON coupons (user_id, campaign, nth);
CREATE UNIQUE INDEX uq_coupons_order_id ON coupons (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX ix_coupons_user_id ON coupons (user_id, id);
CREATE INDEX ix_coupons_open ON coupons (user_id, expires_at)
    WHERE state IN ('issued', 'returned');
CREATE TABLE benefit_locks (
    id uuid NOT NULL, user_id uuid NOT NULL, locked_at timestamptz NOT NULL, asked jsonb,
    skipped jsonb DEFAULT '[]' NOT NULL, first_order boolean DEFAULT false NOT NULL,
    state varchar(40) DEFAULT 'held' NOT NULL,
    CONSTRAINT pk_benefit_locks PRIMARY KEY (id),
    CONSTRAINT ck_benefit_locks_state
        CHECK (state IN ('held', 'redeemed', 'released', 'returned')));
CREATE UNIQUE INDEX uq_benefit_locks_first_order ON benefit_locks (user_id)
    WHERE first_order AND state IN ('held', 'redeemed');
CREATE TABLE benefits (
    order_id uuid NOT NULL, coupon_id uuid NOT NULL, campaign text NOT NULL,
    amount_minor bigint NOT NULL, amount_currency varchar(40) NOT NULL,
    funder varchar(40) NOT NULL,
    CONSTRAINT pk_benefits PRIMARY KEY (order_id, coupon_id),
    CONSTRAINT fk_benefits_order_id FOREIGN KEY (order_id) REFERENCES benefit_locks (id),
    CONSTRAINT fk_benefits_coupon_id FOREIGN KEY (coupon_id) REFERENCES coupons (id),
    CONSTRAINT fk_benefits_campaign FOREIGN KEY (campaign) REFERENCES campaigns (code),
    CONSTRAINT ck_benefits_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_benefits_amount_currency CHECK (amount_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_benefits_funder CHECK (funder IN ('platform', 'worker')));
CREATE INDEX ix_benefits_coupon_id ON benefits (coupon_id);
CREATE INDEX ix_benefits_campaign ON benefits (campaign);
CREATE TABLE order_outcomes (
    id uuid NOT NULL, user_id uuid NOT NULL, paid_at timestamptz, refunded_at timestamptz,
    CONSTRAINT pk_order_outcomes PRIMARY KEY (id));
CREATE INDEX ix_order_outcomes_user_id ON order_outcomes (user_id)
    WHERE paid_at IS NOT NULL AND refunded_at IS NULL
"""


def upgrade() -> None:
    kit_tables()
    for statement in _DDL.split(";\n"):
        op.execute(statement)
    grant_serving("promotion_app", append_only=["campaign_versions", "pack_issues", "benefits"])
