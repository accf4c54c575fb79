/**
 * `node server/supervisor.ts`: all of Holdfast on this machine, in the foreground. `node server/supervisor.ts
 * engine`: one more engine. Ends with 0 on Ctrl-C and SIGTERM, with 1 and one clear line on anything else.
 */
import path from 'node:path';
import { readConfig } from './config.ts';
import type { HoldfastError } from './errors.ts';
import { banner, firstPasswordNotice } from './supervisor/banner.ts';
import { startEngine } from './supervisor/engine-only.ts';
import { asHoldfastError, Supervisor } from './supervisor/supervise.ts';

/** Ctrl-C reaches us from the terminal and again from npm: only a later one is somebody in a hurry. */
const SAME_CTRL_C_MS = 700;

const entries = {
  engine: path.join(import.meta.dirname, 'engine.ts'),
  console: path.join(import.meta.dirname, 'console.ts'),
};

/** What can be stopped, once there is something. */
let stop: (hurry: boolean) => Promise<void> = () => Promise.resolve();
let firstSignal: number | null = null;
let exitCode = 0;

function say(kind: 'progress' | 'warning', line: string): void {
  if (kind === 'progress') console.log(`  ${line}`);
  else console.error(`holdfast: ${line}`);
}

function explain(error: HoldfastError): void {
  const text = error.message.replace(/\.$/, '') + (error.hint === undefined ? '' : `. ${error.hint}`);
  for (const line of text.split('\n')) say('warning', line);
}

/** Ends the process, once everything is stopped. */
async function end(hurry: boolean): Promise<void> {
  try {
    await stop(hurry);
  } catch (error) {
    explain(asHoldfastError(error));
    exitCode = 1;
  }
  process.exit(exitCode);
}

function onSignal(): void {
  if (firstSignal === null) {
    firstSignal = performance.now();
    say('progress', 'stopping');
    void end(false);
  } else if (performance.now() - firstSignal > SAME_CTRL_C_MS) {
    void end(true);
  }
}

function broken(error: HoldfastError): void {
  if (firstSignal !== null) return;
  explain(error);
  exitCode = 1;
  onSignal();
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // Whoever started us with a channel is gone.
  process.on('disconnect', onSignal);
  if (process.send !== undefined && !process.connected) onSignal();
  // A terminal that was closed takes no more lines.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  const config = readConfig();
  if (process.argv[2] === 'engine') {
    const engine = await startEngine({ config, entries, say, broken });
    stop = (hurry) => engine.stop(hurry);
    return;
  }
  const supervisor = new Supervisor({
    config,
    entries,
    say,
    broken,
    firstPassword: (password) => console.log(firstPasswordNotice(password)),
  });
  stop = (hurry) => supervisor.stop(hurry);
  const running = await supervisor.start();
  console.log(banner(running));
  process.send?.({ type: 'ready', ...running });
}

main().catch((error: unknown) => {
  // Stopped while starting: that is being dealt with.
  if (firstSignal !== null) return;
  explain(asHoldfastError(error));
  process.exit(1);
});
