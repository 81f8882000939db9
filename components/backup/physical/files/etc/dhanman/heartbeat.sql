-- Managed by the dhanman deployment. Its age in a restored cluster is what was lost; it also keeps the archive moving.
-- A server that has just started sleeps for checkpoint_timeout before it thinks of archive_timeout, unless it is woken.
SELECT pg_reload_conf();
CREATE SCHEMA IF NOT EXISTS dhanman;
CREATE TABLE IF NOT EXISTS dhanman.heartbeat (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    beat timestamptz NOT NULL
);
INSERT INTO dhanman.heartbeat (beat) VALUES (clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET beat = excluded.beat \watch {{ seconds }}
