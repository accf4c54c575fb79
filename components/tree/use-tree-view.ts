'use client';
import { useDeferredValue, useState } from 'react';
import { databaseRowId } from './model.ts';

/**
 * What of a tree stands open, and what it is filtered by. Schemas start open and databases closed, except the
 * first; `toggled` are those that somebody turned the other way.
 */
export function useTreeView() {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState('');
  const [showSystem, setShowSystem] = useState(false);
  const appliedFilter = useDeferredValue(filter);
  const isOpen = (id: string, first: boolean) => {
    const opensByItself = first || !id.startsWith(databaseRowId(''));
    return opensByItself !== toggled.has(id);
  };
  return {
    filter,
    setFilter,
    appliedFilter,
    showSystem,
    setShowSystem,
    isOpen,
    toggleOpen: (id: string) =>
      setToggled((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    /** Whether a database's inside must be known for what is shown. */
    wants: (database: string, first: boolean) =>
      appliedFilter.trim() !== '' || isOpen(databaseRowId(database), first),
  };
}

export type TreeViewState = ReturnType<typeof useTreeView>;
