import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestServer } from '../server/cluster/postgres/test-server.ts';
import { migrate, openMetadata } from '../server/metadata/open.ts';
import { round } from './measure.ts';
import type { Planned } from './plan-process.ts';
import type { Result } from './run.ts';

/** A million ranges, about. */
export const MILLION_RANGES = 'simulated://300?rows=1000000000&range=55KiB';
const PROCESS = join(import.meta.dirname, 'plan-process.ts');

/**
 * Planning a backup of a million ranges on 300 nodes, and the same with its tasks recorded in a metadata store, against
 * listing the ranges and doing nothing with them. Each in a process of its own, whose memory is told in MiB.
 */
export async function plan(): Promise<Result[]> {
  const server = await startTestServer();
  try {
    await server.exec('postgres', 'CREATE DATABASE holdfast');
    const url = server.url.replace(/\/postgres$/, '/holdfast');
    const metadata = openMetadata(url);
    await migrate(metadata);
    await metadata.close();
    const run = async (what: 'list' | 'plan' | 'record'): Promise<Planned> => {
      const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, what, MILLION_RANGES, url]);
      return JSON.parse(stdout) as Planned;
    };
    const [listed, planned, recorded] = [await run('list'), await run('plan'), await run('record')];
    return [
      {
        benchmark: 'plan',
        rows: 1_000_000_000,
        seconds: { list: listed.seconds, plan: planned.seconds, record: recorded.seconds },
        ratio: {
          planToList: round(planned.seconds / listed.seconds),
          recordToPlan: round(recorded.seconds / planned.seconds),
        },
        counts: {
          ranges: recorded.ranges,
          tasks: recorded.tasks,
          bodyBytes: planned.bodyBytes,
          planPeakMib: planned.peakMib,
          recordPeakMib: recorded.peakMib,
        },
      },
    ];
  } finally {
    await server.stop();
  }
}
