'use client';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Problem } from '../../server/backup/selection.ts';
import type { FoundBackup, Unusable } from '../../server/imports/found.ts';
import type { AppError, Inputs } from '../trpc.ts';
import { describeError, useTRPCClient } from '../trpc.ts';

export type ImportSource = Inputs['imports']['scan']['source'];

export interface Scan {
  source: ImportSource;
  state: 'running' | 'stopped' | 'ended' | 'failed';
  files: number;
  manifests: number;
  read: number;
  backups: FoundBackup[];
  unusable: Unusable[];
  /** There is more than was looked at. */
  more: boolean;
  problem: Pick<Problem, 'message' | 'hint'> | null;
}

/** Looks for backups somewhere; what is found stays on the page, and is told as it comes. */
export function useScan() {
  const client = useTRPCClient();
  const [scan, setScan] = useState<Scan | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const start = useCallback(
    async (source: ImportSource) => {
      running.current?.abort();
      const stopping = new AbortController();
      running.current = stopping;
      const change = (part: (before: Scan) => Partial<Scan>) => {
        if (running.current !== stopping) return;
        setScan((before) => (before === null ? before : { ...before, ...part(before) }));
      };
      setScan({ ...NOTHING, source });
      try {
        const events = await client.imports.scan.mutate({ source }, { signal: stopping.signal });
        for await (const event of events) {
          switch (event.type) {
            case 'progress':
              change(() => ({ files: event.files, manifests: event.manifests, read: event.read }));
              break;
            case 'found':
              change(({ backups, unusable }) => ({
                backups: [...backups, ...event.backups],
                unusable: [...unusable, ...event.unusable],
              }));
              break;
            case 'end':
              change(() => ({ state: 'ended', more: event.more }));
              break;
            case 'failed':
              change(() => ({ state: 'failed', problem: event.problem }));
          }
        }
        // An answer that broke off tells of no end.
        change(({ state }) => (state === 'running' ? BROKEN_OFF : {}));
      } catch (error) {
        change(() => ({
          ...(stopping.signal.aborted
            ? { state: 'stopped' as const }
            : { state: 'failed' as const, problem: describeError(error as AppError) }),
        }));
      }
    },
    [client],
  );
  const stop = useCallback(() => running.current?.abort(), []);
  /** Notes that these were imported. */
  const imported = useCallback((urls: ReadonlySet<string>) => {
    setScan((before) =>
      before === null
        ? before
        : {
            ...before,
            backups: before.backups.map((each) => (urls.has(each.url) ? { ...each, known: true } : each)),
          },
    );
  }, []);
  return { scan, start, stop, imported };
}

const NOTHING: Omit<Scan, 'source'> = {
  state: 'running',
  files: 0,
  manifests: 0,
  read: 0,
  backups: [],
  unusable: [],
  more: false,
  problem: null,
};

const BROKEN_OFF: Partial<Scan> = {
  state: 'failed',
  problem: {
    message: 'The console ended the answer before the end.',
    hint: 'What was found until then is listed. Look again.',
  },
};
