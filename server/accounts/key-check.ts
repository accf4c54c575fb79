import type { Metadata } from '../metadata/open.ts';
import type { Secrets } from './secrets.ts';

const NAME = 'key-check';

/**
 * Makes sure that this process seals with the key that the metadata store's credentials are sealed with: the
 * first one leaves a sealed word, all others must be able to read it. Throws `internal` when another key is in
 * use: an engine on another machine without a copy of `secret.key`.
 */
export async function checkKey(metadata: Metadata, secrets: Secrets): Promise<void> {
  await metadata.db
    .insertInto('settings')
    .values({ name: NAME, value: secrets.seal('holdfast', NAME) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await metadata.db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', NAME)
    .executeTakeFirstOrThrow();
  secrets.unseal(value, NAME);
}
