import { describe, expect, it, onTestFinished } from 'vitest';
import { storeConformance, type Subject } from '../conformance.ts';
import { httpStore } from './store.ts';
import {
  filesBelow,
  findApache,
  findNginx,
  startApache,
  startNginx,
  startPlain,
  startWebdav,
  temporariesBelow,
  type WebServer,
} from './servers.ts';
import { parseLocation } from '../location.ts';
import type { Store } from '../store.ts';
import { textBody, textOf } from '../testing.ts';
import { DEFAULT_TUNING } from '../tuning.ts';

function open(url: string): Store {
  const location = parseLocation(url);
  if (location.scheme !== 'http' && location.scheme !== 'https') throw new Error('not of http');
  return httpStore(location, DEFAULT_TUNING);
}

/** Writers who all have sent their file and give it the name at the same moment. */
function raceFor(name: string, start: () => Promise<WebServer>): void {
  it(`on ${name}, of many writers of one name one wins, time and again`, { timeout: 120_000 }, async () => {
    const server = await start();
    onTestFinished(() => server.stop());
    const stores = Array.from({ length: 6 }, () => open(`${server.origin}/race`));
    const reader = open(`${server.origin}/race`);
    onTestFinished(async () => {
      for (const store of [...stores, reader]) await store.close();
    });
    const rounds = Array.from({ length: 25 }, (_, round) => `${round}`);
    for (const round of rounds) {
      const results = await Promise.allSettled(
        stores.map((store, index) => store.put(round, textBody(`${index}`))),
      );
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'exists' });
      expect(await textOf(await reader.get(round))).toBe(`${winner}`);
    }
    expect(await filesBelow(`${server.files}/race`)).toEqual(rounds.map((round) => `${round} 1`).sort());
    expect(await temporariesBelow(server.directory)).toEqual([]);
  });
}

async function subject(start: () => Promise<WebServer>, lists: boolean): Promise<Subject> {
  const server = await start();
  const url = `${server.origin}/nightly/bank`;
  const held = () => filesBelow(`${server.files}/nightly/bank`);
  return {
    store: open(url),
    url,
    reopen: async () => open(url),
    ...(lists ? {} : { held }),
    leftovers: () => temporariesBelow(server.directory),
    cleanup: () => server.stop(),
  };
}

function storesOn(name: string, start: () => Promise<WebServer>, lists: boolean): void {
  storeConformance(`http, ${name}`, { bufferMib: 32, open: () => subject(start, lists) });
  raceFor(name, start);
}

storesOn('a WebDAV server', startWebdav, true);
storesOn('a plain server', startPlain, false);

const nginx = findNginx();
if (nginx === null) skipped('nginx with its dav module');
else storesOn('nginx', () => startNginx(nginx), false);

const apache = findApache();
if (apache === null) skipped('Apache with mod_dav');
else storesOn('Apache', () => startApache(apache), true);

function skipped(what: string): void {
  process.stderr.write(`SKIPPED: a store on ${what}: it is not installed.\n`);
  describe.skip(`a store on ${what}`, () => {
    it('is not installed', () => {});
  });
}
