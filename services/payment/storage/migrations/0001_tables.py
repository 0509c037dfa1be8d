"""The tables of the payment service: payables, payments, ledger, refunds, settlements, rules."""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE accounts (
    code varchar NOT NULL, currency varchar(40) NOT NULL, limited boolean NOT NULL,
    opened_at timestamptz NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (id),
    CONSTRAINT uq_accounts_code UNIQUE (code, currency),
    CONSTRAINT uq_accounts_id UNIQUE (id, currency),
    CONSTRAINT ck_accounts_currency CHECK (currency IN ('HKD', 'CNY')));
CREATE TABLE channel_notices (
    nonce varchar NOT NULL, kind varchar NOT NULL, received_at timestamptz NOT NULL,
    channel varchar(40) NOT NULL, id varchar NOT NULL,
    CONSTRAINT pk_channel_notices PRIMARY KEY (channel, id),
    CONSTRAINT ck_channel_notices_channelname CHECK (channel IN ('wechat', 'none')));
CREATE INDEX ix_channel_notices_received_at ON channel_notices (received_at);
CREATE UNIQUE INDEX uq_channel_notices_nonce ON channel_notices (channel, nonce);
CREATE TABLE commission_rules (
    category varchar NOT NULL, brackets jsonb NOT NULL, effective_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL, made_by uuid NOT NULL, reason varchar NOT NULL,
    version bigint GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT pk_commission_rules PRIMARY KEY (version));
CREATE INDEX ix_commission_rules_category ON commission_rules (category, effective_at, version);
CREATE TABLE payables (
    user_id uuid NOT NULL, number varchar NOT NULL, category varchar NOT NULL,
    description varchar NOT NULL, payable_minor bigint NOT NULL,
    payable_currency varchar(40) NOT NULL, base_minor bigint NOT NULL,
    base_currency varchar(40) NOT NULL, refunded_minor bigint NOT NULL,
    refunded_currency varchar(40) NOT NULL, promotions jsonb NOT NULL, positions jsonb NOT NULL,
    pay_until timestamptz NOT NULL, placed_at timestamptz NOT NULL, state varchar(40) NOT NULL,
    order_id uuid NOT NULL,
    CONSTRAINT pk_payables PRIMARY KEY (order_id),
    CONSTRAINT ck_payables_payable_not_negative CHECK (payable_minor >= 0),
    CONSTRAINT ck_payables_base_not_negative CHECK (base_minor >= 0),
    CONSTRAINT ck_payables_refunded_in_payable CHECK (refunded_minor BETWEEN 0 AND payable_minor),
    CONSTRAINT ck_payables_payable_currency CHECK (payable_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_payables_base_currency CHECK (base_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_payables_refunded_currency CHECK (refunded_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_payables_payablestate
        CHECK (state IN ('open', 'captured', 'unpaid', 'cancelled', 'settling', 'settled')));
CREATE TABLE payers (
    account bytea NOT NULL, learnt_at timestamptz NOT NULL, user_id uuid NOT NULL,
    CONSTRAINT pk_payers PRIMARY KEY (user_id));
CREATE TABLE transfers (
    kind varchar(40) NOT NULL, ref uuid NOT NULL, order_id uuid NOT NULL,
    posted_at timestamptz NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_transfers PRIMARY KEY (id),
    CONSTRAINT ck_transfers_postingkind
        CHECK (kind IN
            ('captured', 'late_captured', 'cancelled', 'refund_owed', 'refunded', 'settled')));
CREATE INDEX ix_transfers_order_id ON transfers (order_id, id);
CREATE TABLE balances (
    currency varchar(40) NOT NULL, balance_minor bigint NOT NULL, account_id uuid NOT NULL,
    CONSTRAINT pk_balances PRIMARY KEY (account_id),
    CONSTRAINT ck_balances_balance_not_negative CHECK (balance_minor >= 0),
    CONSTRAINT ck_balances_currency CHECK (currency IN ('HKD', 'CNY')),
    CONSTRAINT fk_balances_account_id FOREIGN KEY(account_id) REFERENCES accounts (id));
CREATE TABLE entries (
    transfer_id uuid NOT NULL, account_id uuid NOT NULL, amount_minor bigint NOT NULL,
    currency varchar(40) NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_entries PRIMARY KEY (id),
    CONSTRAINT fk_entries_account_id
        FOREIGN KEY(account_id, currency) REFERENCES accounts (id, currency),
    CONSTRAINT ck_entries_amount_not_zero CHECK (amount_minor <> 0),
    CONSTRAINT fk_entries_transfer_id FOREIGN KEY(transfer_id) REFERENCES transfers (id),
    CONSTRAINT ck_entries_currency CHECK (currency IN ('HKD', 'CNY')));
CREATE INDEX ix_entries_account_id ON entries (account_id, id);
CREATE UNIQUE INDEX uq_entries_transfer_id ON entries (transfer_id, account_id);
CREATE TABLE pay_shares (
    net_minor bigint NOT NULL, net_currency varchar(40) NOT NULL,
    commission_minor bigint NOT NULL, commission_currency varchar(40) NOT NULL, worker_id uuid,
    release_at timestamptz, ended boolean NOT NULL, order_id uuid NOT NULL,
    visit_number bigint NOT NULL, position bigint NOT NULL,
    CONSTRAINT pk_pay_shares PRIMARY KEY (order_id, visit_number, position),
    CONSTRAINT ck_pay_shares_net_not_negative CHECK (net_minor >= 0),
    CONSTRAINT ck_pay_shares_commission_not_negative CHECK (commission_minor >= 0),
    CONSTRAINT ck_pay_shares_net_currency CHECK (net_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_pay_shares_commission_currency CHECK (commission_currency IN ('HKD', 'CNY')),
    CONSTRAINT fk_pay_shares_order_id FOREIGN KEY(order_id) REFERENCES payables (order_id));
CREATE INDEX ix_pay_shares_coming ON pay_shares (worker_id, order_id)
    WHERE NOT ended AND worker_id IS NOT NULL;
CREATE TABLE payments (
    order_id uuid NOT NULL, user_id uuid NOT NULL, channel varchar(40) NOT NULL,
    amount_minor bigint NOT NULL, amount_currency varchar(40) NOT NULL,
    expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL, prepay_id varchar NOT NULL,
    opened_at timestamptz, transaction_id varchar, paid_at timestamptz,
    state varchar(40) NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_payments PRIMARY KEY (id),
    CONSTRAINT ck_payments_amount_not_negative CHECK (amount_minor >= 0),
    CONSTRAINT fk_payments_order_id FOREIGN KEY(order_id) REFERENCES payables (order_id),
    CONSTRAINT ck_payments_channelname CHECK (channel IN ('wechat', 'none')),
    CONSTRAINT ck_payments_amount_currency CHECK (amount_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_payments_paymentstate
        CHECK (state IN ('preparing', 'open', 'captured', 'surplus', 'closed')));
CREATE INDEX ix_payments_order_id ON payments (order_id);
CREATE INDEX ix_payments_user_id ON payments (user_id, created_at);
CREATE UNIQUE INDEX uq_payments_captured ON payments (order_id) WHERE state = 'captured';
CREATE UNIQUE INDEX uq_payments_open ON payments (order_id, channel)
    WHERE state IN ('preparing', 'open');
CREATE UNIQUE INDEX uq_payments_transaction ON payments (channel, transaction_id);
CREATE TABLE settlements (
    order_id uuid NOT NULL, shares jsonb NOT NULL, splits jsonb NOT NULL,
    commission_minor bigint NOT NULL, commission_currency varchar(40) NOT NULL,
    to_user_minor bigint NOT NULL, to_user_currency varchar(40) NOT NULL,
    to_promotion_minor bigint NOT NULL, to_promotion_currency varchar(40) NOT NULL,
    requested_at timestamptz NOT NULL, executed_at timestamptz, problem varchar NOT NULL,
    note varchar NOT NULL, retried_by uuid, state varchar(40) NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_settlements PRIMARY KEY (id),
    CONSTRAINT ck_settlements_commission_not_negative CHECK (commission_minor >= 0),
    CONSTRAINT ck_settlements_to_user_not_negative CHECK (to_user_minor >= 0),
    CONSTRAINT ck_settlements_to_promotion_not_negative CHECK (to_promotion_minor >= 0),
    CONSTRAINT uq_settlements_order_id UNIQUE (order_id),
    CONSTRAINT fk_settlements_order_id FOREIGN KEY(order_id) REFERENCES payables (order_id),
    CONSTRAINT ck_settlements_commission_currency CHECK (commission_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_settlements_to_user_currency CHECK (to_user_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_settlements_to_promotion_currency
        CHECK (to_promotion_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_settlements_settlementstate
        CHECK (state IN ('requested', 'executed', 'refused')));
CREATE TABLE captures (
    payment_id uuid NOT NULL, amount_minor bigint NOT NULL, amount_currency varchar(40) NOT NULL,
    commission_minor bigint NOT NULL, commission_currency varchar(40) NOT NULL,
    commission_rule bigint NOT NULL, captured_at timestamptz NOT NULL, order_id uuid NOT NULL,
    CONSTRAINT pk_captures PRIMARY KEY (order_id),
    CONSTRAINT ck_captures_amount_not_negative CHECK (amount_minor >= 0),
    CONSTRAINT ck_captures_commission_not_negative CHECK (commission_minor >= 0),
    CONSTRAINT uq_captures_payment_id UNIQUE (payment_id),
    CONSTRAINT fk_captures_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id),
    CONSTRAINT ck_captures_amount_currency CHECK (amount_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_captures_commission_currency CHECK (commission_currency IN ('HKD', 'CNY')),
    CONSTRAINT fk_captures_order_id FOREIGN KEY(order_id) REFERENCES payables (order_id));
CREATE TABLE refunds (
    order_id uuid NOT NULL, payment_id uuid NOT NULL, user_id uuid NOT NULL,
    channel varchar(40) NOT NULL, amount_minor bigint NOT NULL,
    amount_currency varchar(40) NOT NULL, reason varchar(40) NOT NULL, late boolean NOT NULL,
    requested_at timestamptz NOT NULL, note varchar NOT NULL, requested_by uuid,
    channel_refund_id varchar NOT NULL, problem varchar NOT NULL, ended_at timestamptz,
    state varchar(40) NOT NULL, id uuid NOT NULL,
    CONSTRAINT pk_refunds PRIMARY KEY (id),
    CONSTRAINT ck_refunds_amount_not_negative CHECK (amount_minor >= 0),
    CONSTRAINT fk_refunds_order_id FOREIGN KEY(order_id) REFERENCES payables (order_id),
    CONSTRAINT fk_refunds_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id),
    CONSTRAINT ck_refunds_channelname CHECK (channel IN ('wechat', 'none')),
    CONSTRAINT ck_refunds_amount_currency CHECK (amount_currency IN ('HKD', 'CNY')),
    CONSTRAINT ck_refunds_refundreason
        CHECK (reason IN ('cancelled', 'late', 'second', 'unworked', 'staff')),
    CONSTRAINT ck_refunds_refundstate
        CHECK (state IN ('requested', 'sent', 'succeeded', 'abnormal', 'failed')));
CREATE INDEX ix_refunds_order_id ON refunds (order_id);
CREATE INDEX ix_refunds_state ON refunds (state, id);
CREATE INDEX ix_refunds_user_id ON refunds (user_id, id);
CREATE UNIQUE INDEX uq_refunds_late ON refunds (payment_id) WHERE late;
"""

# Every transfer adds up to zero in each currency when its transaction commits.
_BALANCED = """
CREATE FUNCTION transfer_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM entries WHERE transfer_id = NEW.transfer_id
               GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'transfer % does not balance', NEW.transfer_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_entries_balanced';
    END IF;
    RETURN NULL;
END $$
"""
_BALANCED_TRIGGER = """
CREATE CONSTRAINT TRIGGER entries_balanced AFTER INSERT ON entries
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION transfer_is_balanced()
"""

# The figures of features 6.5; categories without their own take the general rule.
_RULES = """
INSERT INTO commission_rules (category, brackets, effective_at, made_at, made_by, reason)
SELECT category, brackets::jsonb, '2026-01-01Z', '2026-01-01Z',
    '00000000-0000-0000-0000-000000000000', 'opening figures'
FROM (VALUES
    ('*', '[[null, 1500]]'),
    ('cleaning', '[[null, 1500]]'),
    ('repair', '[[100000, 1800], [500000, 1500], [null, 1200]]'),
    ('towing', '[[null, 1200]]'),
    ('postpartum', '[[null, 1000]]')) AS opening (category, brackets)
"""


def upgrade() -> None:
    """Create everything and let the serving role in."""
    kit_tables()
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for statement in (_BALANCED, _BALANCED_TRIGGER, _RULES):
        op.execute(statement)
    frozen = ["accounts", "transfers", "entries", "commission_rules"]
    grant_serving("payment_app", append_only=frozen)
