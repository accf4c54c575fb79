import { expect, it } from 'vitest';
import type { BackupStatement } from './ast.ts';
import { basesNamedIn, destinationNamedIn } from './bases.ts';
import { printStatement } from './print.ts';

function printed(statement: Partial<BackupStatement>): string {
  return printStatement({
    kind: 'backup',
    targets: { kind: 'databases', names: ['bank'] },
    to: 'nodelocal://self/to',
    asOf: null,
    incrementalFrom: [],
    options: { detached: false },
    ...statement,
  });
}

it('finds what an incremental backup builds on', () => {
  const incrementalFrom = ['nodelocal://self/full', "nodelocal://self/it's, INCREMENTAL FROM 'x'"];
  expect(basesNamedIn(printed({ incrementalFrom }))).toEqual(incrementalFrom);
  expect(basesNamedIn(printed({ incrementalFrom, asOf: '-10s', options: { detached: true } }))).toEqual(
    incrementalFrom,
  );
});

it('finds nothing in a full backup, whatever its names are', () => {
  expect(basesNamedIn(printed({}))).toEqual([]);
  expect(basesNamedIn(printed({ options: { detached: true } }))).toEqual([]);
  const name = `x INCREMENTAL FROM 'a', 'b'`;
  expect(basesNamedIn(printed({ targets: { kind: 'databases', names: [name] }, to: name }))).toEqual([]);
});

it('finds where a backup went, whatever its names are', () => {
  const to = "nodelocal://self/it's TO 'x'";
  const targets = { kind: 'databases' as const, names: [`"a' TO 'b'`] };
  expect(destinationNamedIn(printed({ to, targets, incrementalFrom: ['nodelocal://self/full'] }))).toBe(to);
  expect(destinationNamedIn("BACKUP 'x' TO nowhere")).toBeNull();
});
