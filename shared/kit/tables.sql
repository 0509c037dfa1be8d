-- The kit's own tables, in every service's database.
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE,
    type text NOT NULL, topic text NOT NULL, compacted text, key uuid NOT NULL,
    version bigint NOT NULL, time timestamptz NOT NULL, body text NOT NULL,
    traceparent text NOT NULL, causation uuid,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(), sent_at timestamptz);
CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE TABLE event_versions (key uuid PRIMARY KEY, version bigint NOT NULL) WITH (fillfactor = 70);
CREATE TABLE requests (
    scope text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL, ref uuid,
    done boolean NOT NULL DEFAULT false, answer text, created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)) WITH (fillfactor = 70);
CREATE UNIQUE INDEX requests_ref ON requests (ref) WHERE ref IS NOT NULL;
CREATE INDEX requests_age ON requests (created_at);
CREATE TABLE inbox (
    handler text NOT NULL, event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (handler, event_id));
CREATE INDEX inbox_age ON inbox (received_at);
CREATE TABLE inbox_keys (
    handler text NOT NULL, key uuid NOT NULL, version bigint NOT NULL,
    parked integer NOT NULL DEFAULT 0 CHECK (parked >= 0),
    PRIMARY KEY (handler, key)) WITH (fillfactor = 70);
CREATE TABLE dead_events (
    handler text NOT NULL, event_id uuid NOT NULL, key uuid NOT NULL, version bigint NOT NULL,
    headers jsonb NOT NULL, body text NOT NULL, error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (handler, event_id));
CREATE INDEX dead_events_key ON dead_events (handler, key, version);
CREATE TABLE timers (
    id uuid PRIMARY KEY, kind text NOT NULL, ref uuid NOT NULL, due_at timestamptz NOT NULL,
    payload jsonb NOT NULL, attempts integer NOT NULL DEFAULT 0, leased_until timestamptz,
    UNIQUE (kind, ref));
CREATE INDEX timers_due ON timers (due_at);
CREATE TABLE subject_keys (
    subject uuid PRIMARY KEY, wrapped text, created_at timestamptz NOT NULL,
    erased_at timestamptz, CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL)));
CREATE INDEX subject_keys_wrapping ON subject_keys (split_part(wrapped, ':', 1))
    WHERE wrapped IS NOT NULL;
CREATE TABLE reveals (
    id uuid PRIMARY KEY, at timestamptz NOT NULL, actor uuid NOT NULL, role text NOT NULL,
    subject uuid NOT NULL, place text NOT NULL, row_id uuid NOT NULL, purpose text NOT NULL);
