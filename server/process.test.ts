import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

describe('a process', () => {
  const started: ReturnType<typeof spawn>[] = [];

  function start() {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'loading.fixture.ts')], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    started.push(child);
    return child;
  }

  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  test('ends when whoever started it goes away', async () => {
    const child = start();
    await once(child, 'message');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('ends when whoever started it went away while it was being loaded', async () => {
    const child = start();
    await once(child, 'spawn');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
