import { describe, expect, it } from 'vitest';
import { ChangedRows, type RowChange } from './changed-rows.ts';
import { copyLine, textsOf } from './copy-line.ts';

async function all(changed: ChangedRows, oid: number): Promise<RowChange[]> {
  const found: RowChange[] = [];
  for await (const some of changed.of(oid)) found.push(...some);
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

describe('changed rows', () => {
  it.each([
    ['in memory', 1e9],
    ['in files', 50],
  ])('are each as the last change left them, %s', async (_where, most) => {
    const changed = new ChangedRows(most);
    try {
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 100; n++)
          changed.note(1, { kind: 'row', key: `k\\t${n}`, line: `k\\t${n}\t${round}\\\\é` });
        changed.note(1, { kind: 'row', key: '', line: '' });
        await changed.makeRoom();
      }
      changed.note(1, { kind: 'deleted', key: 'k\\t7' });
      changed.note(1, { kind: 'look-up', key: 'k\\t8' });
      changed.note(2, { kind: 'deleted', key: 'k\\t7' });
      await changed.makeRoom();
      changed.note(1, { kind: 'row', key: 'k\\t9', line: 'as before\t0' });
      changed.note(1, { kind: 'row', key: 'k\\t9', line: 'as before\t2' });
      const found = await all(changed, 1);
      expect(found).toHaveLength(101);
      const of = (key: string) => found.filter((change) => change.key === key);
      expect(of('')).toEqual([{ kind: 'row', key: '', line: '' }]);
      expect(of('k\\t6')).toEqual([{ kind: 'row', key: 'k\\t6', line: 'k\\t6\t2\\\\é' }]);
      expect(of('k\\t7')).toEqual([{ kind: 'deleted', key: 'k\\t7' }]);
      expect(of('k\\t8')).toEqual([{ kind: 'look-up', key: 'k\\t8' }]);
      expect(of('k\\t9')).toEqual([{ kind: 'row', key: 'k\\t9', line: 'as before\t2' }]);
      expect(await all(changed, 1)).toEqual(found);
      expect(await all(changed, 2)).toEqual([{ kind: 'deleted', key: 'k\\t7' }]);
      expect(await all(changed, 3)).toEqual([]);
    } finally {
      await changed.dispose();
    }
  });

  it('have keys that are COPY text of whatever bytes', () => {
    const texts = ['a\tb\nc\\d', '', '\\N', '\b\f\r\v', 'Köln \u2028 🐘', '\u0001\u007f'];
    const bytes = texts.map((text) => Buffer.from(text).toString('latin1'));
    const line = copyLine(bytes);
    expect(line).not.toMatch(/\n/);
    expect(line.split('\t')).toHaveLength(texts.length);
    expect(textsOf(line)).toEqual(texts);
    expect(copyLine([null, 'x'])).toBe('\\N\tx');
  });
});
