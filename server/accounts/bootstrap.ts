import type { Metadata } from '../metadata/open.ts';
import { generatePassword, hashPassword } from './passwords.ts';

/**
 * Makes the user root when there is none, with the given password or a generated one. Answers the password
 * only when this call made the user: it is shown once.
 */
export async function ensureRoot(
  metadata: Metadata,
  password: string | null,
): Promise<{ created: true; password: string } | { created: false }> {
  const existing = await metadata.db
    .selectFrom('users')
    .select('name')
    .where('name', '=', 'root')
    .executeTakeFirst();
  if (existing !== undefined) return { created: false };
  const first = password ?? generatePassword();
  const result = await metadata.db
    .insertInto('users')
    .values({ name: 'root', password_hash: await hashPassword(first), created_at: new Date() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n ? { created: true, password: first } : { created: false };
}
