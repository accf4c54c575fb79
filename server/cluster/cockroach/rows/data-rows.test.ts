import { describe, expect, it } from 'vitest';
import { DataRowFramer } from './data-rows.ts';

function message(kind: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(kind, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function dataRow(...fields: (string | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(fields.length);
  const encoded = fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field === null ? -1 : Buffer.byteLength(field));
    return field === null ? [length] : [length, Buffer.from(field)];
  });
  return message('D', Buffer.concat([count, ...encoded]));
}

/** What a framer makes of chunks: the text, and the kinds of the other messages with their bodies. */
function framed(chunks: Buffer[]): { text: string; messages: string[] } {
  const messages: string[] = [];
  const note = (bytes: Buffer) => messages.push(bytes.toString('latin1', 0, 1) + bytes.toString('utf8', 5));
  const framer = new DataRowFramer({ message: note, ready: note });
  const blocks: Buffer[] = [];
  for (const chunk of chunks) {
    // What is read next overwrites a chunk.
    const lent = Buffer.from(chunk);
    blocks.push(...framer.feed(lent));
    lent.fill(0xff);
  }
  return { text: Buffer.concat([...blocks, framer.flush()]).toString('utf8'), messages };
}

const ANSWER = Buffer.concat([
  message('T', Buffer.from('columns')),
  dataRow('1', 'plain', null),
  dataRow('', 'a\tb\nc\\d\re\vf\fg\bh', 'ü€😀'),
  dataRow(),
  dataRow(null),
  dataRow('\\N', '\x07\x0e'),
  message('N', Buffer.alloc(0)),
  message('C', Buffer.from('SELECT 5')),
  message('Z', Buffer.from('I')),
]);
const TEXT = '1\tplain\t\\N\n\ta\\tb\\nc\\\\d\\re\\vf\\fg\\bh\tü€😀\n\n\\N\n\\\\N\t\x07\x0e\n';
const MESSAGES = ['Tcolumns', 'N', 'CSELECT 5', 'ZI'];

describe('DataRowFramer', () => {
  it('gives rows as COPY text and hands everything else on, whole', () => {
    expect(framed([ANSWER])).toEqual({ text: TEXT, messages: MESSAGES });
  });

  it('does so wherever chunks end', () => {
    for (let size = 1; size < ANSWER.length; size++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < ANSWER.length; at += size) chunks.push(ANSWER.subarray(at, at + size));
      expect(framed(chunks), `chunks of ${size}`).toEqual({ text: TEXT, messages: MESSAGES });
      const halves = [ANSWER.subarray(0, size), ANSWER.subarray(size)];
      expect(framed(halves), `cut at ${size}`).toEqual({ text: TEXT, messages: MESSAGES });
    }
  });

  it('gives a block when it is full, and a larger one for a row that fits into none', () => {
    const wide = 'x\\'.repeat(300_000);
    const chunk = Buffer.concat([dataRow('before'), dataRow(wide), dataRow('after'), dataRow(wide)]);
    const framer = new DataRowFramer({ message: () => undefined, ready: () => undefined });
    const escaped = wide.replaceAll('\\', '\\\\');
    expect(framer.feed(chunk).map(String)).toEqual(['before\n', `${escaped}\nafter\n`]);
    expect(framer.flush().toString()).toBe(`${escaped}\n`);
    expect(framer.flush()).toHaveLength(0);
    const cut = framer.feed(chunk.subarray(0, 400_000)).concat(framer.feed(chunk.subarray(400_000)));
    expect(Buffer.concat([...cut, framer.flush()]).toString()).toBe(
      `before\n${escaped}\nafter\n${escaped}\n`,
    );
  });
});
