"""Accounts, logins, addresses and messages."""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None

_DDL = """
CREATE TABLE accounts (
    id uuid CONSTRAINT pk_accounts PRIMARY KEY,
    locale varchar(40) NOT NULL
        CONSTRAINT ck_accounts_locale CHECK (locale IN ('zh-HK', 'zh-CN', 'en')),
    created_at timestamptz NOT NULL, large_text boolean NOT NULL,
    phone bytea, phone_index bytea CONSTRAINT uq_accounts_phone_index UNIQUE,
    openid bytea, openid_index bytea CONSTRAINT uq_accounts_openid_index UNIQUE,
    display_name bytea,
    CONSTRAINT ck_accounts_phone_found CHECK ((phone IS NULL) = (phone_index IS NULL)),
    CONSTRAINT ck_accounts_openid_found CHECK ((openid IS NULL) = (openid_index IS NULL)));
CREATE TABLE account_roles (
    account_id uuid NOT NULL
        CONSTRAINT fk_account_roles_account_id REFERENCES accounts (id),
    role varchar(40) NOT NULL
        CONSTRAINT ck_account_roles_role CHECK (role IN ('user', 'worker', 'staff', 'system')),
    granted_at timestamptz NOT NULL,
    CONSTRAINT pk_account_roles PRIMARY KEY (account_id, role),
    CONSTRAINT ck_account_roles_grantable CHECK (role <> 'system'));
CREATE TABLE login_codes (
    id uuid CONSTRAINT pk_login_codes PRIMARY KEY,
    phone_index bytea NOT NULL, address_index bytea NOT NULL, digest bytea NOT NULL,
    created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    tries bigint NOT NULL CONSTRAINT ck_login_codes_tries CHECK (tries >= 0),
    state varchar(40) NOT NULL CONSTRAINT ck_login_codes_state
        CHECK (state IN ('waiting', 'used', 'spent', 'unsent')));
CREATE INDEX ix_login_codes_phone ON login_codes (phone_index, created_at);
CREATE INDEX ix_login_codes_address ON login_codes (address_index, created_at);
CREATE TABLE sessions (
    id uuid CONSTRAINT pk_sessions PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_sessions_account_id REFERENCES accounts (id),
    opened_at timestamptz NOT NULL, used_at timestamptz NOT NULL,
    state varchar(40) NOT NULL CONSTRAINT ck_sessions_state
        CHECK (state IN ('active', 'logged_out', 'revoked', 'expired')));
CREATE INDEX ix_sessions_account_id ON sessions (account_id);
CREATE TABLE refresh_tokens (
    digest bytea CONSTRAINT pk_refresh_tokens PRIMARY KEY,
    session_id uuid NOT NULL CONSTRAINT fk_refresh_tokens_session_id REFERENCES sessions (id),
    issued_at timestamptz NOT NULL, used_at timestamptz);
CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE UNIQUE INDEX uq_refresh_tokens_unused ON refresh_tokens (session_id)
    WHERE used_at IS NULL;
CREATE TABLE addresses (
    id uuid CONSTRAINT pk_addresses PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_addresses_account_id REFERENCES accounts (id),
    lat double precision NOT NULL
        CONSTRAINT ck_addresses_lat CHECK (lat BETWEEN 22.13 AND 22.57),
    lng double precision NOT NULL
        CONSTRAINT ck_addresses_lng CHECK (lng BETWEEN 113.82 AND 114.45),
    district varchar(40) NOT NULL CONSTRAINT ck_addresses_district CHECK (district IN (
        'CW', 'WC', 'EA', 'SO', 'YT', 'SS', 'KC', 'WT', 'KT',
        'KI', 'TW', 'TM', 'YL', 'NO', 'TP', 'ST', 'SK', 'IS')),
    place bytea NOT NULL, unit bytea NOT NULL, has_lift boolean NOT NULL,
    steps integer NOT NULL CONSTRAINT ck_addresses_steps CHECK (steps >= 0),
    created_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
    is_default boolean NOT NULL);
CREATE INDEX ix_addresses_list ON addresses (account_id, id);
CREATE UNIQUE INDEX uq_addresses_default ON addresses (account_id) WHERE is_default;
CREATE TABLE messages (
    id uuid CONSTRAINT pk_messages PRIMARY KEY,
    recipient uuid NOT NULL, event_id uuid NOT NULL,
    box varchar(40) NOT NULL CONSTRAINT ck_messages_box CHECK (box IN ('system', 'service')),
    kind varchar NOT NULL, facts jsonb NOT NULL, happened_at timestamptz NOT NULL,
    order_id uuid, read_at timestamptz,
    CONSTRAINT uq_messages_recipient_event_id UNIQUE (recipient, event_id));
CREATE INDEX ix_messages_all ON messages (recipient, id);
CREATE INDEX ix_messages_box ON messages (recipient, box, id);
CREATE INDEX ix_messages_unread ON messages (recipient, box) WHERE read_at IS NULL;
"""


def upgrade() -> None:
    """Create everything, and let the serving role use it."""
    kit_tables()
    for statement in _DDL.split(";\n"):
        if statement.strip():
            op.execute(statement)
    grant_serving("user_app")
