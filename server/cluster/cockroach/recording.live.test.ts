import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { liveCluster } from './testing/live.ts';
import { Recorder } from './testing/recorder.ts';
import { saveRecording } from './testing/recording.ts';
import { RECORDED_DATABASE, RECORDED_FIXTURE, RECORDED_USER, runScenarios } from './testing/scenarios.ts';

/** Where a new recording goes: HOLDFAST_RECORD=1 replaces the one that `npm test` replays. */
const FILE = path.join(import.meta.dirname, 'recordings', 'adapter.json');

it('answers the recorded scenarios', async () => {
  const live = liveCluster();
  for (const sql of [
    `DROP DATABASE IF EXISTS ${RECORDED_DATABASE} CASCADE`,
    `CREATE DATABASE ${RECORDED_DATABASE}`,
    `CREATE USER IF NOT EXISTS ${RECORDED_USER}`,
  ])
    await live.exec('defaultdb', sql);
  const nodes = await live.exec(
    'defaultdb',
    'SELECT advertise_sql_address AS address FROM crdb_internal.gossip_nodes ORDER BY node_id',
  );
  const recorder = await Recorder.start(nodes.map(({ address }) => String(address)));
  try {
    for (const sql of RECORDED_FIXTURE) await live.exec(RECORDED_DATABASE, sql);
    await sleep(6_000);
    const results = await runScenarios(recorder);
    expect(results['rows of orders']).toBeDefined();
    if ((process.env['HOLDFAST_RECORD'] ?? '') === '') return;
    const [version] = await live.exec('defaultdb', 'SELECT version() AS version');
    await saveRecording(FILE, {
      version: String(version?.['version']),
      exchanges: recorder.exchanges(),
      results,
    });
  } finally {
    await recorder.stop();
    await live.exec('defaultdb', `DROP DATABASE IF EXISTS ${RECORDED_DATABASE} CASCADE`);
    await live.exec('defaultdb', `DROP USER IF EXISTS ${RECORDED_USER}`);
  }
});
