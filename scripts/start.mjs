/** `npm start`: set-up, then Holdfast in the foreground. `npm run engine`: set-up, then one more engine. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { build, checkNode, COMPILE_CACHE, fail, install, NODE, ROOT } from './setup.mjs';

checkNode();
const args = process.argv.slice(2);
try {
  await install();
  if (args[0] !== 'engine') await build();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

// The channel tells the supervisor when we are gone, however that came about.
const child = spawn(NODE, [path.join('server', 'supervisor.ts'), ...args], {
  cwd: ROOT,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...COMPILE_CACHE, ...process.env },
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}
if (process.env.npm_lifecycle_event !== undefined) {
  // npm hands signals on, but when it is killed itself nobody tells us.
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || child.kill('SIGTERM'), 500).unref();
}
child.once('error', (error) => fail(`Node can't be run: ${error.message}`));
child.once('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
});
