import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { pattern } from '../testing.ts';
import { Outgoing, readAhead } from './sending.ts';

const MIB = 1024 * 1024;

async function* mebibytes(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield pattern(index);
}

const all = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => pattern(index)));

async function bytesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

describe('a body', () => {
  it('that is small has a length, and can be sent as often as needed', async () => {
    const body = await readAhead(mebibytes(4));
    expect(body.length).toBe(4 * MIB);
    for (let time = 0; time < 3; time++) {
      expect((await bytesOf(body.chunks())).equals(all(4))).toBe(true);
      expect(body.repeatable).toBe(true);
    }
  });

  it('that is large can be sent again until more of it was asked for than is held', async () => {
    const body = await readAhead(mebibytes(7));
    expect(body.length).toBeNull();
    const begun = body.chunks();
    let taken = 0;
    for await (const chunk of begun) {
      taken += chunk.length;
      if (taken === 5 * MIB) break;
    }
    expect(body.repeatable).toBe(true);
    expect((await bytesOf(body.chunks())).equals(all(7))).toBe(true);
    expect(body.repeatable).toBe(false);
  });

  it('goes out in pieces, all of it, and is known then', async () => {
    const outgoing = new Outgoing(await readAhead(mebibytes(6)), 'a', 10_000);
    expect(outgoing.complete).toBe(false);
    expect((await buffer(outgoing.stream)).equals(all(6))).toBe(true);
    expect(outgoing.complete).toBe(true);
    expect(outgoing.sent.bytes).toBe(6 * MIB);
    outgoing.end();
    expect(outgoing.signal.aborted).toBe(false);
  });

  it('that is not taken is given up, and so is an answer that does not come', async () => {
    const stuck = new Outgoing(await readAhead(mebibytes(6)), 'a', 50);
    stuck.stream.read(1);
    await sleep(300);
    expect(stuck.signal.reason).toMatchObject({
      code: 'transient',
      message: expect.stringContaining('takes no more'),
    });
    stuck.end();
    const waiting = new Outgoing(await readAhead(mebibytes(1)), 'a', 50);
    await buffer(waiting.stream);
    await sleep(500);
    expect(waiting.signal.reason).toMatchObject({ message: expect.stringContaining('does not answer') });
    waiting.end();
  });
});
