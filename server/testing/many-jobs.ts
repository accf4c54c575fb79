/**
 * SQL that fills a metadata store with jobs and tasks as a long life leaves them: for benchmarks and for tests of what reads
 * them. Placeholders are numbers, never what somebody typed.
 */

/** The oldest of `manyJobs` is this one, the next two are 2 and 3 more … */
export const FIRST_OF_MANY = 1_000_000;

/**
 * So many jobs: nine in ten BACKUPs, one in fifty failed, one in a hundred canceled, one in a thousand not ended, spread
 * over the past at five minutes each; each with a sealed spec and a statement of some length.
 */
export function manyJobs(count: number): string {
  return `
    INSERT INTO jobs (id, kind, state, running_status, cluster, statement, user_name, location, moment, spec_sealed, attempt,
                      epoch, coordinator, created_at, started_at, finished_at, modified_at, fraction, rows, bytes,
                      stored_bytes, estimated_bytes, error, last_event, progressed_at)
    SELECT ${FIRST_OF_MANY} + n, kind, state,
           CASE WHEN state = 'running' THEN 'exporting' END,
           'cluster-' || n % 7,
           kind || ' TABLE bank.public.accounts, bank.public.customers, bank.public.transfers TO ''s3://backups/' || n || '''',
           'root', 's3://backups/' || n, at,
           (SELECT string_agg(md5((n + i)::text), '') FROM generate_series(1, 60) AS i),
           1, 1, 'engine-' || n % 16, at, at,
           CASE WHEN open THEN NULL ELSE at + interval '4 minutes' END, at + interval '4 minutes',
           CASE WHEN state = 'succeeded' THEN 1 ELSE 0.5 END,
           n * 1000, n * 100000, n * 20000, n * 100000,
           CASE WHEN state IN ('failed', 'paused') THEN '{"code":"storage-full","message":"the disk is full","hint":null}'::jsonb END,
           0, at + interval '4 minutes'
      FROM (SELECT n, now() - (${count} - n) * interval '5 minutes' AS at, n % 1000 = 500 AS open,
                   CASE WHEN n % 10 = 3 THEN 'RESTORE' ELSE 'BACKUP' END AS kind,
                   CASE WHEN n % 1000 = 500 THEN CASE WHEN n % 2000 = 500 THEN 'paused' ELSE 'running' END
                        WHEN n % 50 = 7 THEN 'failed' WHEN n % 100 = 9 THEN 'canceled' ELSE 'succeeded' END AS state
              FROM generate_series(1, ${count}::bigint) AS n) AS made`;
}

/**
 * One job with so many tasks over 40 tables, 12 nodes and 4 engines (the last of them gone), each of 50 ranges: half of them
 * done, eight running, two of those in trouble; the rest waiting. No engine takes any of it.
 */
export function manyTasks(job: string, count: number): string {
  return `
    INSERT INTO jobs (id, kind, state, running_status, cluster, statement, user_name, location, moment, spec_sealed, attempt,
                      epoch, coordinator, lease_until, created_at, started_at, modified_at, fraction, rows, bytes, stored_bytes,
                      estimated_bytes, last_event, progressed_at)
    VALUES (${job}, 'BACKUP', 'running', 'exporting', 'default', 'BACKUP DATABASE shop TO ''nodelocal://self/many''', 'root',
            'nodelocal://self/many', now(), 'sealed', 1, 1, 'engine-1', now() + interval '1 day', now() - interval '1 hour',
            now() - interval '1 hour', now(), 0.5, ${count * 500}, ${count * 50_000}, ${count * 10_000}, ${count * 100_000}, 2, now());
    INSERT INTO job_events (job_id, seq, at, body)
    VALUES (${job}, 1, now() - interval '1 hour', '{"type":"state","state":"pending","error":null}'),
           (${job}, 2, now() - interval '1 hour', '{"type":"state","state":"running","error":null}');
    INSERT INTO tasks (job_id, attempt, id, state, table_name, node, locality, body, estimated_bytes, rows, bytes, stored_bytes,
                       files, result, engine, token, tries, started_at, progressed_at, finished_at, trouble, modified_at)
    SELECT ${job}, 1, n, state,
           jsonb_build_object('database', 'shop', 'schema', 'public', 'name', 'table_' || (n - 1) * 40 / ${count}),
           (n % 12 + 1)::text, 'region=eu,zone=' || n % 3,
           jsonb_build_object('kind', 'export', 'method', 'whole', 'node', (n % 12 + 1)::text, 'ranges', (
             SELECT jsonb_agg(jsonb_build_object('index', (n - 1) * 50 + i, 'start', 'key ' || i, 'end', 'key ' || i + 1,
                                                 'leaseholder', (n % 12 + 1)::text, 'estimatedBytes', 2000, 'estimatedRows', 20))
               FROM generate_series(0, 49) AS i)),
           100000, 1000 * done, 100000 * done, 20000 * done,
           CASE WHEN done = 1 THEN jsonb_build_array('data/shop.public.t/' || n || '.copy.zst') ELSE '[]' END,
           CASE WHEN done = 1 THEN jsonb_build_object('files', jsonb_build_array(jsonb_build_object(
             'name', 'data/shop.public.t/' || n || '.copy.zst', 'rows', 1000, 'bytes', 100000, 'sha256', md5(n::text) || md5(n::text)))) END,
           CASE WHEN state = 'waiting' THEN NULL ELSE 'engine-' || n % 4 + 1 END,
           'nobody-' || n,
           CASE WHEN state = 'waiting' THEN 0 WHEN state = 'running' AND n % 4 = 0 THEN 3 ELSE 1 END,
           CASE WHEN state = 'waiting' THEN NULL ELSE now() - interval '10 minutes' END,
           CASE WHEN state = 'waiting' THEN NULL ELSE now() - interval '1 minute' END,
           CASE WHEN done = 1 THEN now() - interval '1 minute' END,
           CASE WHEN state = 'running' AND n % 4 = 0 THEN '{"code":"cluster-unavailable","message":"node did not answer: timeout","hint":null}'::jsonb END,
           now()
      FROM (SELECT n, CASE WHEN n <= ${count} / 2 THEN 1 ELSE 0 END AS done,
                   CASE WHEN n <= ${count} / 2 THEN 'done' WHEN n <= ${count} / 2 + 8 THEN 'running' ELSE 'waiting' END AS state
              FROM generate_series(1, ${count}) AS n) AS made;
    INSERT INTO engines (name, locality, capacity, started_at, seen_at)
    SELECT 'engine-' || n, 'region=eu', 4, now() - interval '1 day', CASE WHEN n = 4 THEN now() - interval '5 minutes' ELSE now() + interval '1 day' END
      FROM generate_series(1, 4) AS n
        ON CONFLICT DO NOTHING`;
}
