import { retry, type RetryPolicy } from './retry.ts';

/**
 * The pages of a listing, one after the other. The first is asked for again by whoever called (`patient.ts` does that until a
 * file was given out); nobody else can do that for later ones. `tokenOf` answers what the page after it is asked for by,
 * nothing after the last one.
 */
export async function* inPages<Page>(
  ask: (token: string | undefined) => Promise<Page>,
  tokenOf: (page: Page) => string | undefined,
  policy: RetryPolicy,
): AsyncGenerator<Page, void> {
  let page = await ask(undefined);
  yield page;
  for (let token = tokenOf(page); token !== undefined && token !== ''; token = tokenOf(page)) {
    const next = token;
    page = await retry(() => ask(next), policy);
    yield page;
  }
}
