import { describe, it } from 'vitest';
import { storeConformance, type Subject } from './conformance.ts';
import { httpStore } from './http.ts';
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
} from './http-servers.ts';
import { parseLocation } from './location.ts';
import type { Store } from './store.ts';
import { DEFAULT_TUNING } from './tuning.ts';

function open(url: string): Store {
  const location = parseLocation(url);
  if (location.scheme !== 'http' && location.scheme !== 'https') throw new Error('not of http');
  return httpStore(location, DEFAULT_TUNING);
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

storeConformance('http, a WebDAV server', { bufferMib: 32, open: () => subject(startWebdav, true) });
storeConformance('http, a plain server', { bufferMib: 32, open: () => subject(startPlain, false) });

const nginx = findNginx();
if (nginx === null) skipped('nginx with its dav module');
else storeConformance('http, nginx', { bufferMib: 32, open: () => subject(() => startNginx(nginx), false) });

const apache = findApache();
if (apache === null) skipped('Apache with mod_dav');
else
  storeConformance('http, Apache', { bufferMib: 32, open: () => subject(() => startApache(apache), true) });

function skipped(what: string): void {
  process.stderr.write(`SKIPPED: a store on ${what}: it is not installed.\n`);
  describe.skip(`a store on ${what}`, () => {
    it('is not installed', () => {});
  });
}
