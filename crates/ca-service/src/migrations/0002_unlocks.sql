-- Keys whose admin PIN the CA knows, and orders that give a key a new PIN.

-- A renewal is the only one open for its certificate; anybody who has a certificate, which is public, may apply for an
-- unlock, so that one of those must not stand in the way of another.
DROP INDEX orders_unfinished;
CREATE UNIQUE INDEX orders_unfinished ON orders (certificate) WHERE finished = 0 AND kind = 'renew';
CREATE INDEX orders_certificate ON orders (certificate) WHERE finished = 0;
CREATE INDEX orders_device ON orders (device_serial) WHERE kind = 'unlock';

CREATE TABLE devices (
    -- USB-Key serial number as the device states it
    serial TEXT PRIMARY KEY,
    customer BIGINT NOT NULL REFERENCES customers (id),
    -- number of the master its admin PIN is made from
    master BIGINT NOT NULL,
    created BIGINT NOT NULL,
    -- when it last got its admin PIN
    personalised BIGINT NOT NULL
);
CREATE INDEX devices_customer ON devices (customer);

-- What only orders of kind 'unlock' have. Name, mobile number and e-mail address of the applicant are the contact of the
-- order and never become that of the customer.
CREATE TABLE unlocks (
    order_no TEXT PRIMARY KEY REFERENCES orders (no),
    -- 'sms' or 'review'
    route TEXT NOT NULL,
    telephone TEXT NOT NULL,
    client_key TEXT NOT NULL,
    -- what of the application was that of the books when it came
    device_fits BIGINT NOT NULL,
    name_fits BIGINT NOT NULL,
    mobile_fits BIGINT NOT NULL,
    -- also 1 when no address was given
    email_fits BIGINT NOT NULL,
    -- 1 when the codes of this order count; told to nobody but officers
    matched BIGINT NOT NULL,
    -- registered contact when it came: told of the end, whatever was registered in between
    owner_mobile TEXT NOT NULL,
    owner_email TEXT NOT NULL,
    -- to whom codes go; empty when not there
    to_name TEXT NOT NULL,
    to_mobile TEXT NOT NULL,
    to_email TEXT NOT NULL,
    -- the present code is made from this and the service's secret; empty when there is none
    nonce TEXT NOT NULL,
    code_sent BIGINT,
    code_expires BIGINT,
    tries_left BIGINT NOT NULL,
    -- an officer's decision
    officer TEXT NOT NULL,
    -- how the officer knows who applies
    note TEXT NOT NULL,
    -- 'registered' or 'applicant'; empty before
    sent_to TEXT NOT NULL,
    -- when the code was proven, and when an answer was last made
    begun BIGINT,
    answered BIGINT,
    -- tries of the admin PIN left on the key when it was begun
    admin_tries BIGINT,
    -- when the key was last seen not to have taken an answer
    refused BIGINT
);
