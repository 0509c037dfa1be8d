-- The sandbox's own books. Instants are seconds since 1970 on the sandbox's clock; those of nonces
-- are wall time, so that an advance never lets one be used again.
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, seen_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonces_by_age ON nonces (seen_at);

CREATE TABLE IF NOT EXISTS faults (
    seq INTEGER PRIMARY KEY, rule TEXT NOT NULL, matched INTEGER NOT NULL, hits INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS login_codes (code TEXT PRIMARY KEY, used_at REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL,
    sender TEXT NOT NULL, body TEXT NOT NULL, sent_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_recipient ON messages (recipient, seq);

CREATE TABLE IF NOT EXISTS trades (
    out_trade_no TEXT PRIMARY KEY, prepay_id TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    attach TEXT NOT NULL, openid TEXT NOT NULL, trade_type TEXT NOT NULL,
    total INTEGER NOT NULL CHECK (total > 0), currency TEXT NOT NULL, notify_url TEXT NOT NULL,
    created_at REAL NOT NULL, prepaid_at REAL NOT NULL, expires_at REAL NOT NULL,
    trade_state TEXT NOT NULL CHECK (trade_state IN ('NOTPAY', 'SUCCESS', 'REFUND', 'CLOSED')),
    transaction_id TEXT UNIQUE, success_at REAL,
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= total)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE, out_trade_no TEXT NOT NULL,
    fingerprint TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
    notify_url TEXT NOT NULL, created_at REAL NOT NULL, settles_at REAL, ends_as TEXT NOT NULL,
    refund_state TEXT NOT NULL
        CHECK (refund_state IN ('PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL')),
    success_at REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refunds_of_trade ON refunds (out_trade_no, created_at);
CREATE INDEX IF NOT EXISTS refunds_to_settle ON refunds (settles_at) WHERE settles_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, out_trade_no TEXT NOT NULL, event_type TEXT NOT NULL, url TEXT NOT NULL,
    body BLOB NOT NULL, created_at REAL NOT NULL, due_at REAL,
    attempts INTEGER NOT NULL DEFAULT 0, answers TEXT NOT NULL DEFAULT '[]',
    probe_answers TEXT NOT NULL DEFAULT '[]',
    mail_state TEXT NOT NULL DEFAULT 'WAITING'
        CHECK (mail_state IN ('WAITING', 'HELD', 'DELIVERED', 'GIVEN_UP', 'LOST'))
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notices_due ON notices (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS notices_of_trade ON notices (out_trade_no, created_at);

CREATE TABLE IF NOT EXISTS sub_accounts (
    order_id TEXT PRIMARY KEY, currency TEXT NOT NULL,
    balance INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS bank_lines (
    seq INTEGER PRIMARY KEY, booked_on TEXT NOT NULL, booked_at REAL NOT NULL,
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'refund', 'refund_returned', 'top_up', 'split')),
    amount INTEGER NOT NULL CHECK (amount <> 0), currency TEXT NOT NULL,
    reference TEXT NOT NULL, party TEXT, account TEXT
);
CREATE INDEX IF NOT EXISTS bank_lines_by_day ON bank_lines (booked_on, seq);
CREATE INDEX IF NOT EXISTS bank_lines_by_order ON bank_lines (order_id, seq);

CREATE TABLE IF NOT EXISTS instructions (
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, order_id TEXT NOT NULL,
    executed_at REAL NOT NULL, splits TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS top_ups (
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, order_id TEXT NOT NULL,
    executed_at REAL NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL
) WITHOUT ROWID;

-- The platform's own account: it began with a deposit, commissions come in, top-ups go out.
CREATE TABLE IF NOT EXISTS operating_accounts (
    currency TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0)
) WITHOUT ROWID;
INSERT INTO operating_accounts VALUES ('HKD', 5000000000) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS stored_objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL, etag TEXT NOT NULL,
    size INTEGER NOT NULL, headers TEXT NOT NULL, stored_at REAL NOT NULL,
    PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS stored_objects_by_file ON stored_objects (file);
