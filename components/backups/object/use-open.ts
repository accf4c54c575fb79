'use client';
import { useSearchParams } from 'next/navigation';
import { useMemo } from 'react';
import { objectKindSchema } from '../../../server/cluster/descriptor.ts';
import type { ObjectKind } from '../../../server/cluster/descriptor.ts';
import { objectNameSchema } from '../../../server/cluster/names.ts';
import type { ObjectName } from '../../../server/cluster/names.ts';
import { isAddressable } from '../paths.ts';

export const TABS = ['overview', 'ddl', 'files'] as const;
export type Tab = (typeof TABS)[number];

/** What the page's address names. */
export interface OpenObject {
  /** Redacted. */
  url: string;
  kind: ObjectKind;
  name: ObjectName;
  tab: Tab;
  /** The name of the file whose rows are shown. */
  file: string | null;
}

/** Null where the address names no object of a backup. The same object for as long as the address is the same. */
export function useOpenObject(): OpenObject | null {
  const search = useSearchParams();
  return useMemo(() => openIn(search), [search]);
}

function openIn(search: Pick<URLSearchParams, 'get'>): OpenObject | null {
  const url = search.get('url') ?? '';
  const kind = objectKindSchema.safeParse(search.get('kind'));
  const name = objectNameSchema.safeParse({
    database: search.get('database'),
    schema: search.get('schema'),
    name: search.get('name'),
  });
  if (!isAddressable(url) || !kind.success || !name.success) return null;
  const tab = TABS.find((each) => each === search.get('tab')) ?? 'overview';
  return { url, kind: kind.data, name: name.data, tab, file: search.get('file') };
}
