import { sql } from 'kysely';
import type { Metadata } from '../metadata/open.ts';
import type { Engine, Roster } from './ledger.ts';

/** The engines that have been there, in the metadata store; those unseen for a day are forgotten. */
export class EngineRoster implements Roster {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  async beat({ name, locality }: Engine, capacity: number): Promise<void> {
    const { db } = this.#metadata;
    const seen = { locality, capacity, seen_at: sql<Date>`now()` };
    await db
      .insertInto('engines')
      .values({ name, started_at: sql<Date>`now()`, ...seen })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(seen))
      .execute();
    await db
      .deleteFrom('engines')
      .where(sql<boolean>`seen_at < now() - interval '1 day'`)
      .execute();
  }

  async leave({ name }: Engine): Promise<void> {
    await this.#metadata.db.deleteFrom('engines').where('name', '=', name).execute();
  }
}
