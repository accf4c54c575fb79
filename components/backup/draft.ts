'use client';
import { z } from 'zod';
import { urlWithoutSecrets } from '../destinations/taken-apart.ts';
import { putSessionState, useSessionState } from '../session-state.ts';

/** What the backup wizard has collected so far; a reload keeps it. */
export const draftSchema = z.object({
  cluster: z.string().nullable(),
  picked: z.record(z.string(), z.union([z.literal('all'), z.array(z.string())])),
  /** A choice of `storage.ts`; null: nobody has chosen yet. */
  storage: z.string().nullable().default(null),
  /** null: as suggested. */
  destination: z.string().nullable(),
  /** When the suggestion was made, ISO 8601: it keeps its name across steps and reloads. */
  suggestedAt: z.string(),
  /** The text of AS OF SYSTEM TIME; null: now. */
  asOf: z.string().nullable(),
  /** What an incremental backup builds on, oldest to newest, empty until it is chosen; null: a full backup. */
  bases: z.array(z.string()).nullable().default(null),
  /** A backup to offer as a base that this console may not have made; redacted. */
  also: z.string().nullable().default(null),
});
export type BackupDraft = z.infer<typeof draftSchema>;

const KEY = 'holdfast.backup';

function emptyDraft(): BackupDraft {
  return {
    cluster: null,
    picked: {},
    storage: null,
    destination: null,
    suggestedAt: new Date().toISOString(),
    asOf: null,
    bases: null,
    also: null,
  };
}

export function useBackupDraft() {
  return useSessionState<BackupDraft>(KEY, draftSchema, emptyDraft(), keptDraft);
}

/** What a reload finds: the page alone knows the credentials of a pasted URL. */
export function keptDraft(draft: BackupDraft): BackupDraft {
  return {
    ...draft,
    destination: draft.destination === null ? null : urlWithoutSecrets(draft.destination),
  };
}

/** What the wizard begins with when it is opened next, instead of what was collected before. */
export function beginBackupDraft(part: Partial<BackupDraft>): void {
  putSessionState(KEY, { ...emptyDraft(), ...part });
}
