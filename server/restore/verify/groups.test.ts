import { expect, it } from 'vitest';
import { unsignedManifest } from '../../format/fixtures.ts';
import { type DataFile, type Manifest, totalsOf } from '../../format/manifest.ts';
import { groupsOf, MOST_GROUPS } from './groups.ts';

const MB = 1024 * 1024;

function file(table: string, number: number, bytes: number, kind: DataFile['kind'] = 'rows'): DataFile {
  return {
    name: `data/a.b.${table}/${number}.copy.zst`,
    table: { database: 'a', schema: 'b', name: table },
    kind,
    rows: 1,
    bytes,
    rawBytes: bytes * 3,
    sha256: '0'.repeat(64),
    ranges: [{ index: number, start: null, end: null }],
  };
}

/** A manifest of these files; each table has the columns `id` and `text`. */
function manifest(files: DataFile[], textType = 'text'): Manifest {
  const names = [...new Set(files.map(({ table }) => table.name))];
  return {
    ...unsignedManifest(),
    descriptors: names.map((name) => ({
      kind: 'table',
      name: { database: 'a', schema: 'b', name },
      dependencies: [],
      ddl: [],
      comment: null,
      columns: [
        { name: 'id', type: 'integer', nullable: false, generated: false },
        { name: 'twice', type: 'integer', nullable: false, generated: true },
        { name: 'text', type: textType, nullable: true, generated: false },
      ],
      primaryKey: ['id'],
      rowKey: ['id'],
      storage: null,
    })),
    files,
    totals: totalsOf(files),
    digest: '0'.repeat(64),
  };
}

const sketch = (layers: (Manifest | null)[]) =>
  [...groupsOf(layers)].map(({ table, files }) => [
    table.name,
    files.map(({ layer, name }) => `${layer} ${name.slice(9)}`),
  ]);

it('puts files of one table together, over all layers, until there are enough bytes', () => {
  const full = manifest([file('t', 1, 200 * MB), file('t', 2, 200 * MB), file('u', 1, 1)]);
  const next = manifest([file('t', 3, 10), file('u', 2, 10, 'deleted')]);
  expect(sketch([full, null, next])).toEqual([
    ['t', ['0 t/1.copy.zst', '0 t/2.copy.zst']],
    ['t', ['2 t/3.copy.zst']],
    ['u', ['0 u/1.copy.zst', '2 u/2.copy.zst']],
  ]);
  expect(sketch([])).toEqual([]);
  expect(sketch([manifest([])])).toEqual([]);
});

it('knows the columns of each file’s lines, as its layer has them', () => {
  const full = manifest([file('t', 1, 1), file('t', 2, 1)]);
  const next = manifest([file('t', 3, 1), file('t', 4, 1, 'deleted')], 'bytea');
  const [group] = groupsOf([full, next]);
  const shapes = group?.files.map(({ shape }) =>
    group.shapes[shape]?.map(({ name, type }) => `${name} ${type}`),
  );
  expect(shapes).toEqual([
    ['id integer', 'text text'],
    ['id integer', 'text text'],
    ['id integer', 'text bytea'],
    ['id integer'],
  ]);
  expect(group?.shapes).toHaveLength(3);
});

it('never makes more groups than there may be', () => {
  const large = Array.from({ length: 60_000 }, (_, number) => file('t', number, 300 * MB));
  expect([...groupsOf([manifest(large)])].length).toBeLessThanOrEqual(MOST_GROUPS);
  const tables = Array.from({ length: 30_000 }, (_, number) => file(`t${number}`, 1, 1));
  const groups = [...groupsOf([manifest(tables)])];
  expect(groups.length).toBeLessThanOrEqual(MOST_GROUPS);
  expect(groups.flatMap(({ files }) => files)).toHaveLength(30_000);
});
