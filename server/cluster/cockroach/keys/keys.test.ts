import { describe, expect, it } from 'vitest';
import { decodeBoundary, UndecodableKey } from './decode.ts';
import type { Boundary, IndexColumn, PrimaryIndex } from './types.ts';
import { whereBetween } from './where.ts';

const asc = (type: string, name = 'k'): IndexColumn => ({ name, type, descending: false });
const desc = (type: string, name = 'k'): IndexColumn => ({ name, type, descending: true });
const index = (tableId: number, ...columns: IndexColumn[]): PrimaryIndex => ({
  tableId,
  indexId: 1,
  columns,
});
const decode = (hex: string, of: PrimaryIndex) => decodeBoundary(Buffer.from(hex, 'hex'), of);
const at = (...values: string[]): Boundary => ({ kind: 'at', values });

// Keys that a CockroachDB 21.1 cluster had as range boundaries, or that its crdb_internal.encode_key gives.

describe('boundaries of real ranges', () => {
  it.each([
    ['c489ec', "'100':::INT8"],
    ['c489f6c8', "'200':::INT8"],
    ['c489f7012c', "'300':::INT8"],
    ['c489f70384', "'900':::INT8"],
  ])('%s is %s', (hex, literal) => {
    expect(decode(hex, index(60, asc('INT8')))).toEqual(at(literal));
  });

  it('reads keys of several columns', () => {
    const orders = index(80, asc('UUID', 'customer'), asc('INT8', 'no'));
    const hex = 'd8891200ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff010001f1';
    expect(decode(hex, orders)).toEqual(at("'00000000-0000-0000-0000-000000000001':::UUID", "'105':::INT8"));
    const vehicles = index(54, asc('VARCHAR', 'city'), asc('UUID', 'id'));
    expect(decode('be89126e657720796f726b000112333333333333333333333333333333330001', vehicles)).toEqual(
      at("'new york':::STRING", "'33333333-3333-3333-3333-333333333333':::UUID"),
    );
    const events = index(83, asc('INT8', 'a'), asc('TIMESTAMPTZ', 'b'), asc('INT8', 'c'));
    expect(decode('db898914f96955b900888d', events)).toEqual(
      at("'1':::INT8", "'2026-01-01 00:00:00+00:00':::TIMESTAMPTZ", "'5':::INT8"),
    );
  });

  it('puts other tables, indexes and the ends of all keys before or behind', () => {
    const table = index(60, asc('INT8'));
    for (const hex of ['', '02', '04', 'c3', 'c4', 'c489', 'c389ec'])
      expect(decode(hex, table).kind).toBe('before');
    for (const hex of ['c48a', 'c48a89', 'c5', 'c8', 'f6ff', 'ffff', 'fe']) {
      expect(decode(hex, table).kind).toBe('after');
    }
  });
});

describe('values', () => {
  it.each([
    [asc('DATE'), 'fd7fffffffffffffff', "'infinity':::DATE"],
    [asc('DATE'), '808000000000000000', "'-infinity':::DATE"],
    [asc('DATE'), '85dac29a', "'4713-01-01 BC':::DATE"],
    [asc('TIME'), 'fa141dd76000', "'24:00:00':::TIME"],
    [asc('TIME'), '89', "'00:00:00.000001':::TIME"],
    [asc('TIMESTAMPTZ'), '1487fff91dcd6500', "'1969-12-31 23:59:59.500000+00:00':::TIMESTAMPTZ"],
    [asc('TIMESTAMP'), '1483cee75bee0088', "'4714-11-24 00:00:00 BC':::TIMESTAMP"],
    [desc('TIMESTAMP'), '1484a1f41eff84e2329aff', "'2020-01-01 00:00:00.500000':::TIMESTAMP"],
    [asc('INTERVAL'), '16fc093569074200008988', "'1 mons 0 days 0.000000000 seconds':::INTERVAL"],
    [asc('INET'), '1200ff18c0a800ff010001', "'192.168.0.1/24':::INET"],
    [desc('INET'), '13ff00dffefdfcfbfffe', "'1.2.3.4/32':::INET"],
    [asc('VARBIT'), '3a0088', "B''"],
    [asc('VARBIT'), '3afda800000000000000008d', "B'10101'"],
    [asc('VARBIT'), '3afdfffffffffffffffffd80000000000000000089', `B'${'1'.repeat(65)}'`],
    [desc('VARBIT'), '3b805fffffffffffffffff87fc', "B'101'"],
    [asc('BOOL'), '89', 'true'],
    [desc('BOOL'), '87fe', 'true'],
    [desc('FLOAT8'), '034007ffffffffffff', "'1.5':::FLOAT8"],
    [desc('DECIMAL'), '2a196400', "'-125E-1':::DECIMAL"],
    [asc('OID'), 'f9ffffffff', '4294967295:::OID'],
    [
      asc('BOX2D'),
      '4103400fffffffffffff053ff0000000000000040540000000000000' + '00',
      "'BOX(-1 0,1 2)':::BOX2D",
    ],
    [asc('BYTES'), '1200ffff0001', "x'00ff'"],
    [asc('STRING'), '1200ff27000' + '1', "e'\\x00\\x27':::STRING"],
  ])('of %o: %s is %s', (column, hex, literal) => {
    expect(decode(`f489${hex}`, index(108, column))).toEqual(at(literal));
  });

  it('are members of an enum by their physical representation', () => {
    const members = [
      { label: "it's", physical: '60' },
      { label: 'b', physical: '80' },
    ];
    const column = { ...asc('public.status'), enumMembers: members };
    expect(decode('f48912600001', index(108, column))).toEqual(at("'it''s'"));
    expect(decode('f489139ffffe', index(108, { ...column, descending: true }))).toEqual(at("'it''s'"));
    expect(() => decode('f48912700001', index(108, column))).toThrow(UndecodableKey);
    expect(() => decode('f48912600001', index(108, asc('public.status')))).toThrow(UndecodableKey);
  });

  it.each([
    ['a collated string', asc('STRING COLLATE en'), '12160001'],
    ['an interval that equals another one', asc('INTERVAL'), '16fc0935690742000088a6'],
    ['an interval whose length overflowed', asc('INTERVAL'), '1680817f14f610200000f70e1088'],
    ['a time with time zone', asc('TIMETZ'), '3c8886f1f0'],
    ['a value that breaks off', asc('INT8'), 'f701'],
    ['a value of another type', asc('INT8'), '12160001'],
    ['a string that is not UTF-8', asc('STRING'), '12800001'],
    ['a place inside a row', asc('INT8'), '8989'],
    ['an unknown type', asc('GEOMETRY'), '3d89'],
  ])('are refused: %s', (_, column, hex) => {
    expect(() => decode(`f489${hex}`, index(108, column))).toThrow(UndecodableKey);
  });

  it('leave out what has no rows: NULLs come before all values, in descending columns behind them', () => {
    const both = index(108, asc('INT8', 'a'), desc('INT8', 'b'));
    expect(decode('f48900', both)).toEqual({ kind: 'before' });
    expect(decode('f4898901', both)).toEqual(at("'1':::INT8"));
    expect(decode('f48989ff', both)).toEqual({ kind: 'at', values: ["'1':::INT8"], past: true });
  });
});

describe('boundaries that are the end of a prefix', () => {
  it('are behind every row that starts with it', () => {
    const table = index(108, asc('STRING', 'a'), asc('INT8', 'b'));
    expect(decode('f4891261000' + '2', table)).toEqual({ kind: 'at', values: ["'a':::STRING"], past: true });
    expect(whereBetween({ kind: 'before' }, decode('f48912610002', table), table)).toBe(
      `"a" <= 'a':::STRING`,
    );
    expect(whereBetween(decode('f48912610002', table), { kind: 'after' }, table)).toBe(`"a" > 'a':::STRING`);
  });
});

describe('interleaved tables', () => {
  // orders (80) holds lines (84): /80/1/customer/#/84/1/line
  const orders = index(80, asc('INT8', 'customer'));
  const lines: PrimaryIndex = {
    ...index(84, asc('INT8', 'customer'), asc('INT8', 'line')),
    ancestors: [{ tableId: 80, indexId: 1, sharedColumns: 1 }],
  };
  it("a boundary among the child's rows is behind the parent's row", () => {
    expect(decode('d8898afedc898d', orders)).toEqual({ kind: 'at', values: ["'2':::INT8"], past: true });
    expect(decode('d8898afedc898d', lines)).toEqual(at("'2':::INT8", "'5':::INT8"));
  });
  it("a boundary among the parent's rows is before the child's rows", () => {
    expect(decode('d8898a', orders)).toEqual(at("'2':::INT8"));
    expect(decode('d8898a', lines)).toEqual(at("'2':::INT8"));
    expect(decode('d8898a88', lines)).toEqual(at("'2':::INT8"));
  });
  it("a boundary among a sibling's rows is on the side where the sibling is", () => {
    expect(decode('d8898afedb898d', lines)).toEqual(at("'2':::INT8"));
    expect(decode('d8898afedd898d', lines)).toEqual({ kind: 'at', values: ["'2':::INT8"], past: true });
  });
  it("the parent's neighbours are before and behind", () => {
    expect(decode('d8', lines)).toEqual({ kind: 'before' });
    expect(decode('d9', lines)).toEqual({ kind: 'after' });
  });
});

describe('tenants', () => {
  const table: PrimaryIndex = { ...index(60, asc('INT8')), tenantId: 5 };
  it('have their number before the table', () => {
    expect(decode('fe8dc489ec', table)).toEqual(at("'100':::INT8"));
    expect(decode('fe8d', table)).toEqual({ kind: 'before' });
    expect(decode('fe8c', table)).toEqual({ kind: 'before' });
    expect(decode('fe8e', table)).toEqual({ kind: 'after' });
    expect(decode('c489ec', table)).toEqual({ kind: 'before' });
    expect(decode('ffff', table)).toEqual({ kind: 'after' });
  });
  it('are not guessed', () => {
    expect(decode('fe8d', index(60, asc('INT8')))).toEqual({ kind: 'after' });
    expect(() => decode('fe8dc489ec', index(60, asc('INT8')))).toThrow(UndecodableKey);
  });
});

describe('predicates', () => {
  const same = index(1, asc('INT8', 'a'), asc('INT8', 'b'));
  const down = index(1, desc('INT8', 'a'), desc('INT8', 'b'));
  const mixed = index(1, asc('INT8', 'a'), desc('INT8', 'b"'), asc('INT8', 'c'));
  const open: [Boundary, Boundary] = [{ kind: 'before' }, { kind: 'after' }];

  it('are nothing where the range has no end', () => {
    expect(whereBetween(open[0], open[1], same)).toBe('TRUE');
    expect(whereBetween(open[1], open[1], same)).toBe('FALSE');
    expect(whereBetween(open[0], open[0], same)).toBe('FALSE');
  });
  it('compare tuples where all columns run the same way', () => {
    expect(whereBetween(at('1', '2'), at('3'), same)).toBe('("a", "b") >= (1, 2) AND "a" < 3');
    expect(whereBetween(at('3', '2'), at('1'), down)).toBe('("a", "b") <= (3, 2) AND "a" > 1');
  });
  it('go column by column where they do not', () => {
    expect(whereBetween(at('1', '2', '3'), { kind: 'after' }, mixed)).toBe(
      '("a" > 1 OR ("a" = 1 AND ("b""" < 2 OR ("b""" = 2 AND "c" >= 3))))',
    );
    expect(whereBetween({ kind: 'before' }, at('1', '2'), mixed)).toBe(
      '("a" < 1 OR ("a" = 1 AND "b""" > 2))',
    );
  });
});
