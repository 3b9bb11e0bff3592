-- Heartbeats of workers (db/heartbeat.py). Unlogged: after a crash of Postgres each worker writes its row again within seconds.
-- migrate:up
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';

create unlogged table worker_heartbeats (
    worker_id uuid primary key,                           -- of the process; new after each start
    beat_at   timestamptz not null default clock_timestamp()
);
select secure_schema();

-- migrate:down
set local search_path = chairtime, pg_temp;
set local lock_timeout = '5s';
drop table worker_heartbeats;
