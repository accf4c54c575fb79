import type { ClusterNode } from '../cluster.ts';
import type { ObjectName } from '../names.ts';
import type { Unrest } from './unrest.ts';

/** What a simulated cluster consists of: names and rules, never rows. */
export interface World {
  identity: string;
  seed: number;
  nodes: ClusterNode[];
  /** What a range has on average, as COPY text. */
  rangeBytes: number;
  /** How its rows change with time; null: they never do. */
  changes: ChangeRate | null;
  /** What becomes of its nodes and ranges, and what goes wrong. */
  unrest: Unrest;
  databases: SimulatedDatabase[];
}

/** Time is cut into steps, and what changes does so at the beginning of one. */
export interface ChangeRate {
  /** How long a step is, in seconds. */
  stepSeconds: number;
  /** In that many steps each row changes once, at a step of its own: in each step, one in so many rows. */
  cycleSteps: number;
}

export interface SimulatedDatabase {
  name: string;
  types: SimulatedType[];
  sequences: SimulatedSequence[];
  tables: SimulatedTable[];
  /** Each after those that it uses. */
  views: SimulatedView[];
}

/** Where an object is in its database. */
export type LocalName = Omit<ObjectName, 'database'>;

export interface SimulatedType extends LocalName {
  labels: string[];
}

export interface SimulatedSequence extends LocalName {
  lastValue: number;
  isCalled: boolean;
  start: number;
  ownedBy: { table: LocalName; column: string } | null;
}

export interface SimulatedView extends LocalName {
  /** PostgreSQL's dialect, names qualified. */
  query: string;
  uses: LocalName[];
}

/** What a column's rule may go by: the row's place in key order, and randomness of its own. */
export interface Cell {
  /** 0 for the table's first row. */
  ordinal: number;
  /**
   * Random, from 0 to `count` - 1; another for another `salt`, and after every change of the row, unless the column is
   * one of a key, of a unique constraint or of a foreign key.
   */
  random(count: number, salt?: number): number;
}

/** A value as PostgreSQL prints it, not escaped; null is NULL. */
export type Rule = (cell: Cell) => string | number | null;

export interface SimulatedColumn {
  name: string;
  /** As PostgreSQL prints it; types of the database's own are qualified. */
  type: string;
  nullable: boolean;
  value: Rule;
  enumType: LocalName | null;
  /** Gives the column its default. */
  sequence: LocalName | null;
}

export interface SimulatedForeignKey {
  name: string;
  columns: string[];
  table: LocalName;
  references: string[];
}

export interface SimulatedTable extends LocalName {
  /** How many rows it can have; some may not be there right now. */
  rows: number;
  columns: SimulatedColumn[];
  /** Its values grow with the ordinal, in key order. */
  primaryKey: string[] | null;
  unique: string[][];
  indexes: string[][];
  checks: { name: string; condition: string }[];
  foreignKeys: SimulatedForeignKey[];
  comment: string | null;
}

export function sameName(one: LocalName, other: LocalName): boolean {
  return one.schema === other.schema && one.name === other.name;
}
