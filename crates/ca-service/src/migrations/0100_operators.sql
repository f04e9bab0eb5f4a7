-- People who work at the console.

CREATE TABLE operators (
    name TEXT PRIMARY KEY,
    -- 'administrator', 'operator', 'auditor'
    role TEXT NOT NULL,
    active BIGINT NOT NULL,
    -- Argon2id in PHC form
    password TEXT NOT NULL,
    -- 1 while the password is one that somebody else has seen
    must_change BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    last_login BIGINT
);

CREATE TABLE operator_sessions (
    -- SM3 of the cookie
    hash TEXT PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (name),
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    -- what the next page says once, JSON
    notice TEXT
);
CREATE INDEX operator_sessions_operator ON operator_sessions (operator);

-- Wrong passwords, also for names that do not exist.
CREATE TABLE operator_tries (
    -- SM3 of the name as it was typed: it may be a password
    name TEXT PRIMARY KEY,
    wrong BIGINT NOT NULL,
    -- the first wrong one; from the last allowed one on, that one
    since BIGINT NOT NULL
);
