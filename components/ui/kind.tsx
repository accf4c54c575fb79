'use client';
import {
  IconBraces,
  IconEye,
  IconListNumbers,
  IconMathFunction,
  IconSortAZ,
  IconTable,
  IconTableAlias,
} from '@tabler/icons-react';
import type { ObjectKind } from '../../server/cluster/descriptor.ts';

/** How each kind of object is called on pages. */
export const KIND_WORD: Record<ObjectKind, string> = {
  table: 'table',
  view: 'view',
  'materialized-view': 'materialized view',
  sequence: 'sequence',
  type: 'type',
  function: 'function',
  collation: 'collation',
};

/** False for what holds no rows of its own, where a count would mean nothing. */
export function hasRows({ kind }: { kind: ObjectKind }): boolean {
  return kind === 'table' || kind === 'materialized-view';
}

const ICONS = {
  table: IconTable,
  view: IconEye,
  'materialized-view': IconTableAlias,
  sequence: IconListNumbers,
  type: IconBraces,
  function: IconMathFunction,
  collation: IconSortAZ,
} as const;

export function KindIcon({ kind, className }: { kind: ObjectKind; className?: string | undefined }) {
  const Icon = ICONS[kind];
  return <Icon size={16} aria-hidden className={className} style={{ flex: 'none' }} />;
}
