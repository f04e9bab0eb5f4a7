-- The books of the CA. The same text runs on SQLite and PostgreSQL: TEXT, BIGINT and BYTEA only, 0/1 for no and yes,
-- seconds since 1970 for moments, upper-case hexadecimal for serial numbers and keys.

-- Numbers given out in sequence: order numbers of a day, customers, revocation lists.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Append-only; chained by SM3 (audit.rs).
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_object ON audit (object, seq);

CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE products (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    fee_fen BIGINT NOT NULL,
    term_days BIGINT NOT NULL,
    renew_before_days BIGINT NOT NULL,
    renew_after_days BIGINT NOT NULL,
    review BIGINT NOT NULL,
    verify_mobile BIGINT NOT NULL
);

CREATE TABLE customers (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    -- 'person' or 'organisation'
    kind TEXT NOT NULL,
    -- unique entity number as in the certificate
    entity TEXT NOT NULL,
    -- identity number or organisation code
    code TEXT NOT NULL,
    -- number of the customer, printed on the card
    number TEXT NOT NULL,
    product TEXT NOT NULL REFERENCES products (code),
    contact_name TEXT NOT NULL,
    contact_mobile TEXT NOT NULL,
    contact_email TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

CREATE TABLE certificates (
    serial TEXT PRIMARY KEY,
    -- 'sign' or 'encrypt'
    kind TEXT NOT NULL,
    -- serial number of the signing certificate of the same pair, for both
    pair TEXT NOT NULL,
    customer BIGINT NOT NULL REFERENCES customers (id),
    holder TEXT NOT NULL,
    der BYTEA NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    -- 'pending' (issued, not confirmed), 'valid', 'superseded', 'revoked'
    status TEXT NOT NULL,
    status_at BIGINT NOT NULL,
    -- why it was revoked: number of RFC 5280 §5.3.1
    reason BIGINT,
    -- 1 when this CA issued it, so that its revocation lists name it
    own BIGINT NOT NULL,
    order_no TEXT,
    created BIGINT NOT NULL
);
CREATE INDEX certificates_pair ON certificates (pair);
CREATE INDEX certificates_customer ON certificates (customer);
CREATE INDEX certificates_status ON certificates (status, own);

CREATE TABLE challenges (
    nonce TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    used BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX challenges_expires ON challenges (expires);

CREATE TABLE captchas (
    id TEXT PRIMARY KEY,
    -- keyed hash of the characters
    answer TEXT NOT NULL,
    used BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX captchas_expires ON captchas (expires);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    certificate TEXT NOT NULL REFERENCES certificates (serial),
    session_key TEXT NOT NULL,
    device_serial TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE orders (
    no TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    -- grows with every change
    version BIGINT NOT NULL,
    -- 1 in a final state
    finished BIGINT NOT NULL,
    -- serial number of the signing certificate to be renewed
    certificate TEXT NOT NULL REFERENCES certificates (serial),
    customer BIGINT NOT NULL REFERENCES customers (id),
    product TEXT NOT NULL REFERENCES products (code),
    session TEXT NOT NULL,
    device_serial TEXT NOT NULL,
    holder TEXT NOT NULL,
    contact_name TEXT NOT NULL,
    contact_mobile TEXT NOT NULL,
    contact_email TEXT NOT NULL,
    old_from BIGINT NOT NULL,
    old_until BIGINT NOT NULL,
    -- as it was promised at creation, then as it was issued
    new_from BIGINT NOT NULL,
    new_until BIGINT NOT NULL,
    -- the product's rules when the order was taken
    term_days BIGINT NOT NULL,
    fee_fen BIGINT NOT NULL,
    review BIGINT NOT NULL,
    verify_mobile BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    -- when the present state ends by itself
    expires BIGINT,
    reason TEXT,
    idempotency_key TEXT NOT NULL,
    -- SM3 of the body that made the order
    body_hash TEXT NOT NULL,
    -- SM3 of the key the package was made for
    csr_hash TEXT,
    package BYTEA,
    sign_serial TEXT,
    encrypt_serial TEXT
);
-- one unfinished order for each certificate
CREATE UNIQUE INDEX orders_unfinished ON orders (certificate) WHERE finished = 0;
CREATE UNIQUE INDEX orders_idempotency ON orders (certificate, idempotency_key);
CREATE INDEX orders_state ON orders (state, updated);
CREATE INDEX orders_expires ON orders (expires) WHERE finished = 0;
CREATE INDEX orders_customer ON orders (customer);

-- What was signed, exactly as it came.
CREATE TABLE evidence (
    id TEXT PRIMARY KEY,
    session TEXT,
    order_no TEXT,
    -- 'session', 'order', 'issue', 'confirm'
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    body BYTEA NOT NULL,
    -- detached SignedData; for 'order' the DER signature of the session key
    signature BYTEA NOT NULL
);
CREATE INDEX evidence_order ON evidence (order_no);
CREATE INDEX evidence_session ON evidence (session);

CREATE TABLE codes (
    order_no TEXT PRIMARY KEY REFERENCES orders (no),
    -- keyed hash of the digits
    code TEXT NOT NULL,
    sent BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    tries_left BIGINT NOT NULL,
    used BIGINT NOT NULL
);

CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    order_no TEXT NOT NULL UNIQUE REFERENCES orders (no),
    provider TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    -- 'open' or 'paid'
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    paid BIGINT
);

-- Messages to people; written in the transaction that causes them, sent by somebody else.
CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    -- 'sms' or 'mail'
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    template TEXT NOT NULL,
    -- the message as the recipient reads it
    body TEXT NOT NULL,
    order_no TEXT,
    created BIGINT NOT NULL,
    sent BIGINT
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE sent IS NULL;

-- How often something was done within a stretch of time (limits.rs).
CREATE TABLE uses (
    subject TEXT NOT NULL,
    since BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (subject, since)
);
CREATE INDEX uses_since ON uses (since);

CREATE TABLE crls (
    name TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    der BYTEA NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL
);
