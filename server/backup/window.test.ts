import { expect, it } from 'vitest';
import { openCluster } from '../cluster/open.ts';
import { resolveTargets } from './check.ts';
import { windowsOf, windowWarning } from './window.ts';

const cluster = openCluster('simulated://3?rows=20000');

it('warns where a table can not be read for as long as the backup takes', async () => {
  const resolved = await resolveTargets(cluster, { kind: 'databases', names: ['bank'] });
  const windows = await windowsOf(cluster, ['bank', 'not there']);
  const { bytes } = resolved.selection.totals;
  const inSeconds = (seconds: number, measured = true) => ({ bytesASecond: bytes / seconds, measured });
  const hour = 3600;
  // The simulation's window is 25 hours.
  expect(windowWarning(windows, resolved, 0, inSeconds(24 * hour))).toBeNull();
  expect(windowWarning(windows, resolved, 2 * hour, inSeconds(24 * hour))).toMatch(
    /^At the pace of the last backup .* about 24 hours to read, but bank\..* for only 23 hours more \(gc\.ttlseconds = 90000\)/,
  );
  expect(windowWarning(windows, resolved, 30 * hour, inSeconds(hour, false))).toMatch(
    /^At 20 MiB a second .* about 60 minutes to read.* for only 0 seconds more/,
  );
});
