-- Encryption keys made for customers; the private half only sealed.
CREATE TABLE kmc_keys (
    order_no TEXT NOT NULL,
    -- the key the answer is sealed to
    signing_key TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    sealed BYTEA NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (order_no, signing_key)
);
