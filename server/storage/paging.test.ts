import { expect, it } from 'vitest';
import { inPages } from './paging.ts';
import { DEFAULT_POLICY } from './retry.ts';
import { StoreError } from './store.ts';

const POLICY = { ...DEFAULT_POLICY, attempts: 3, sleep: () => Promise.resolve() };
const busy = (): StoreError => new StoreError('transient', 'busy', null);

/** Three pages, each asked for by the number of the one before; `failing` says which requests fail. */
function pagesOf(failing: (asked: number) => boolean) {
  const asked: (string | undefined)[] = [];
  const ask = (token: string | undefined): Promise<number> => {
    asked.push(token);
    return failing(asked.length) ? Promise.reject(busy()) : Promise.resolve(Number(token ?? 0) + 1);
  };
  const pages = inPages(ask, (page) => (page < 3 ? String(page) : undefined), POLICY);
  return { asked, all: collected(pages) };
}

async function collected(pages: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

it('asks for one page after the other, and for a later one again', async () => {
  const { asked, all } = pagesOf((count) => count === 2);
  expect(await all).toEqual([1, 2, 3]);
  expect(asked).toEqual([undefined, '1', '1', '2']);
});

it('leaves the first to whoever called, and gives up in the end', async () => {
  const first = pagesOf((count) => count === 1);
  await expect(first.all).rejects.toMatchObject({ code: 'transient' });
  expect(first.asked).toEqual([undefined]);
  const later = pagesOf((count) => count > 1);
  await expect(later.all).rejects.toMatchObject({ code: 'transient' });
  expect(later.asked).toEqual([undefined, '1', '1', '1']);
});
