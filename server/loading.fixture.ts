import { setTimeout as sleep } from 'node:timers/promises';

// A process of Holdfast that takes its time to load; by then, whoever started it may be gone.
await sleep(500);

const { runProcess } = await import('./process.ts');
// It doesn't come to be ready, as where its metadata store went away as well.
runProcess('stand-in', async () => {
  process.send?.({ type: 'starting' });
  await sleep(3_600_000);
  return { stop: () => Promise.resolve() };
});
