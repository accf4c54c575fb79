'use client';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '../trpc.ts';

/** The known backups, all or those whose URL or cluster has what is typed. */
export function useKnownBackups({ refetchInterval }: { refetchInterval?: number } = {}) {
  const trpc = useTRPC();
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim(), 250);
  const known = useQuery(
    trpc.backups.list.queryOptions(asked === '' ? undefined : { text: asked }, {
      placeholderData: keepPreviousData,
      refetchInterval: refetchInterval ?? false,
    }),
  );
  /** There are none at all, whatever is looked for. */
  const none = asked === '' && known.data?.backups.length === 0;
  return { text, setText, known, none };
}
