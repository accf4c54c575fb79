/** A process of its own that sends a large file and reads it back, or hangs before its end. Answers in JSON. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { parseLocation } from './location.ts';
import { openStore } from './open.ts';
import { pattern } from './testing.ts';

const [what = '', url = '', externDir = '', mib = '0', name = 'big'] = process.argv.slice(2);
const store = openStore(parseLocation(url), { externDir });
const written = createHash('sha256');

async function* chunks(): AsyncGenerator<Buffer> {
  for (let index = 0; index < Number(mib); index++) {
    const chunk = pattern(index);
    written.update(chunk);
    yield chunk;
  }
  if (what !== 'hang') return;
  process.stdout.write('hanging');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

await store.put(name, Readable.from(chunks(), { objectMode: false }));
const read = createHash('sha256');
let bytes = 0;
for await (const chunk of await store.get(name)) {
  read.update(chunk as Buffer);
  bytes += (chunk as Buffer).length;
}
await store.close();
const peakMib = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ bytes, equal: read.digest('hex') === written.digest('hex'), peakMib }));
