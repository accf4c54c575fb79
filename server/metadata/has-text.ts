import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** A condition for rows that have a text in one of these columns, letter case aside. */
export function hasText(columns: readonly string[], text: string): RawBuilder<boolean> {
  const pattern = `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  const each = columns.map((column) => sql`${sql.ref(column)} ILIKE ${pattern}`);
  return sql<boolean>`(${sql.join(each, sql` OR `)})`;
}
