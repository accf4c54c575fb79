import { startHoldfast, type TestHoldfast } from '../scripts/holdfast.ts';

/** How Playwright's workers, which are processes of their own, learn about it. */
const VARIABLE = 'HOLDFAST_E2E';

/** Playwright's globalSetup: one complete Holdfast for the whole run; what it answers stops it again. */
export default async function setUp(): Promise<() => Promise<void>> {
  const started = await startHoldfast();
  process.env[VARIABLE] = JSON.stringify(started.about);
  return () => started.stop();
}

/** The Holdfast that this run tests. */
export function holdfast(): TestHoldfast {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('no Holdfast runs: tests are started with npm test');
  return JSON.parse(text) as TestHoldfast;
}

/** The same where it may not have been started yet: Playwright reads its configuration before. */
export function baseUrl(): string | undefined {
  return process.env[VARIABLE] === undefined ? undefined : holdfast().url;
}
