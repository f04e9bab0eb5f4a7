-- What becomes of a message after it was written.

ALTER TABLE outbox ADD COLUMN subject TEXT NOT NULL DEFAULT '';
-- second part of a mail; forgotten once it is of no use
ALTER TABLE outbox ADD COLUMN html TEXT NOT NULL DEFAULT '';
-- one-time codes in it, a JSON list; blanked out everywhere and forgotten once they are of no use
ALTER TABLE outbox ADD COLUMN secrets TEXT NOT NULL DEFAULT '[]';
-- 'waiting', 'sent' or 'failed'
ALTER TABLE outbox ADD COLUMN state TEXT NOT NULL DEFAULT 'waiting';
-- when the code it carries ends; nobody needs the message after it
ALTER TABLE outbox ADD COLUMN expires BIGINT;
-- grows with every try and never falls: whoever raised it last is the one who sends
ALTER TABLE outbox ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
-- tries since it was put here or sent again
ALTER TABLE outbox ADD COLUMN step BIGINT NOT NULL DEFAULT 0;
-- when it was put here or sent again
ALTER TABLE outbox ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
-- not before; while somebody sends: when he is taken for dead
ALTER TABLE outbox ADD COLUMN next_try BIGINT NOT NULL DEFAULT 0;
-- why the last try failed: a word of this program and those of the other side
ALTER TABLE outbox ADD COLUMN fault TEXT;
ALTER TABLE outbox ADD COLUMN fault_detail TEXT NOT NULL DEFAULT '';

UPDATE outbox SET since = created;
-- the only messages so far
UPDATE outbox SET expires = created + 600 WHERE template = 'renewal_code';
UPDATE outbox SET state = 'sent' WHERE sent IS NOT NULL;

DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (channel, next_try) WHERE state = 'waiting';
CREATE INDEX outbox_state ON outbox (state, id);
