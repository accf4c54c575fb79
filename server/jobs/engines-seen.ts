import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { MetadataTables } from '../metadata/schema.ts';
import { ENGINE_SILENCE_MS } from './limits.ts';

export interface EngineSeen {
  alive: boolean;
  locality: string;
  capacity: number;
  /** ISO 8601, UTC. */
  seenAt: string;
}

/** The engines that the metadata store knows, by name; alive or gone by its own clock. */
export async function enginesSeen(db: Kysely<MetadataTables>): Promise<Map<string, EngineSeen>> {
  const rows = await db
    .selectFrom('engines')
    .select(['name', 'locality', 'capacity', 'seen_at', sql<Date>`now()`.as('now')])
    .execute();
  return new Map(
    rows.map(({ name, locality, capacity, seen_at, now }) => [
      name,
      {
        alive: now.getTime() - seen_at.getTime() < ENGINE_SILENCE_MS,
        locality,
        capacity,
        seenAt: seen_at.toISOString(),
      },
    ]),
  );
}
