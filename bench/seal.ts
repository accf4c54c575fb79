import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startTestServer } from '../server/cluster/postgres/test-server.ts';
import { MANIFEST_NAME } from '../server/format/manifest.ts';
import { migrate, openMetadata } from '../server/metadata/open.ts';
import { round } from './measure.ts';
import { MILLION_RANGES } from './plan.ts';
import type { Result } from './run.ts';
import type { Sealed } from './seal-process.ts';

/** All tasks are done, each with a file of its ranges; what they read is made up. */
const ALL_DONE = `
  UPDATE tasks SET state = 'done', result = jsonb_build_object('compared', NULL, 'files', jsonb_build_array(jsonb_build_object(
    'name', format('data/%s.%s.%s/1-%s-0.copy.zst', table_name->>'database', table_name->>'schema', table_name->>'name', id),
    'table', table_name, 'kind', 'rows', 'rows', estimated_bytes / 50, 'bytes', estimated_bytes / 3, 'rawBytes', estimated_bytes,
    'sha256', encode(sha256(id::text::bytea), 'hex'),
    'ranges', (SELECT jsonb_agg(jsonb_build_object('index', r->'index', 'start', r->'start', 'end', r->'end'))
                 FROM jsonb_array_elements(body->'ranges') AS r))))`;

/**
 * Sealing a backup of a million ranges, and reading its manifest back, against planning and recording it. Each in a process of its
 * own, whose memory is told in MiB.
 */
export async function seal(): Promise<Result[]> {
  const server = await startTestServer();
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
  try {
    await server.exec('postgres', 'CREATE DATABASE holdfast');
    const url = server.url.replace(/\/postgres$/, '/holdfast');
    const metadata = openMetadata(url);
    await migrate(metadata);
    await metadata.close();
    const run = async <T>(entry: string, what: string): Promise<T> => {
      const file = path.join(import.meta.dirname, entry);
      const given = [file, what, MILLION_RANGES, url, directory];
      return JSON.parse((await promisify(execFile)(process.execPath, given)).stdout) as T;
    };
    const recorded = await run<{ seconds: number; ranges: number }>('plan-process.ts', 'record');
    await server.exec('holdfast', ALL_DONE);
    const sealed = await run<Sealed>('seal-process.ts', 'seal');
    const read = await run<Sealed>('seal-process.ts', 'read');
    const { size } = await stat(path.join(directory, 'plan', MANIFEST_NAME));
    return [
      {
        benchmark: 'seal',
        rows: 1_000_000_000,
        seconds: { record: recorded.seconds, seal: sealed.seconds, read: read.seconds },
        ratio: { sealToRecord: round(sealed.seconds / recorded.seconds) },
        counts: {
          ranges: recorded.ranges,
          pieces: read.ranges,
          files: read.files,
          manifestBytes: size,
          sealPeakMib: sealed.peakMib,
          readPeakMib: read.peakMib,
        },
      },
    ];
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
