import { spawn, type ChildProcess } from 'node:child_process';
import type { WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HoldfastError, messageOf } from '../errors.ts';
import { followOutput } from './logs.ts';

/** What a child says of itself, once, over IPC. */
const messageSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('ready') }),
  z.looseObject({ type: z.literal('failed'), message: z.string() }),
]);

/** One process, and how it ended when it has. */
interface Life {
  process: ChildProcess;
  ended: Promise<string>;
}

export interface ChildOptions {
  /** `engine`, `console`: for log lines. */
  name: string;
  /** The file that Node runs, and what it is given before it. */
  entry: string;
  flags?: readonly string[];
  env: NodeJS.ProcessEnv;
  log: WriteStream;
  /** A line for people. */
  show: (line: string) => void;
  /** Called once when it has died so often that it isn't started again; null: it always is, with a pause. */
  gaveUp: ((error: HoldfastError) => void) | null;
  limits?: Partial<typeof LIMITS>;
}

/** All in milliseconds, but for `quickDeaths`. */
const LIMITS = {
  ready: 60_000,
  /** How long it has after SIGTERM before it is killed. */
  stop: 6_000,
  /** First pause before a restart; doubles with every quick death, up to the longest. */
  pause: 500,
  longestPause: 30_000,
  /** A life shorter than this is a quick death. */
  quick: 30_000,
  quickDeaths: 5,
};

/** One of Holdfast's own processes, kept running: it is started again when it dies, with growing pauses. */
export class Child {
  readonly #options: ChildOptions;
  readonly #limits: typeof LIMITS;
  readonly #stopping = new AbortController();
  #life: Life | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  /** Starts it and waits until it is ready. Throws, with nothing left running, when it doesn't get there. */
  async start(): Promise<void> {
    const life = this.#spawn();
    try {
      await this.#ready(life);
    } catch (error) {
      await this.#end(life, false);
      throw error;
    }
    this.#running = this.#keep(life);
  }

  get pid(): number | undefined {
    return this.#life?.process.pid;
  }

  /** Stops it for good: asks, then forces. `hurry` only forces. */
  async stop(hurry = false): Promise<void> {
    this.#stopping.abort();
    if (this.#life !== null) await this.#end(this.#life, hurry);
    await this.#running;
  }

  async #keep(first: Life): Promise<void> {
    const { name, show } = this.#options;
    let life = first;
    let quickDeaths = 0;
    let since = Date.now();
    for (;;) {
      const how = await life.ended;
      if (this.#stopping.signal.aborted) return;
      quickDeaths = Date.now() - since < this.#limits.quick ? quickDeaths + 1 : 1;
      const { gaveUp } = this.#options;
      if (gaveUp !== null && quickDeaths >= this.#limits.quickDeaths) {
        gaveUp(
          new HoldfastError(
            'internal',
            `the ${name} died ${quickDeaths} times in a row, the last time ${how}`,
            {
              hint: `See logs/${name}.log in the data directory.`,
            },
          ),
        );
        return;
      }
      const pause = Math.min(this.#limits.pause * 2 ** (quickDeaths - 1), this.#limits.longestPause);
      show(`the ${name} ended ${how}; it is started again in ${(pause / 1000).toFixed(1)} s`);
      await sleep(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      since = Date.now();
      const next = this.#spawn();
      life = next;
      void this.#ready(next).then(
        () => show(`the ${name} runs again`),
        async (error: unknown) => {
          if (!this.#stopping.signal.aborted) show(messageOf(error));
          await this.#end(next, false);
        },
      );
    }
  }

  #spawn(): Life {
    const { entry, flags = [], env, log, show, name } = this.#options;
    const child = spawn(process.execPath, [...flags, entry], {
      env,
      // Ctrl-C goes to everyone in the terminal's process group: the supervisor alone decides who stops when.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const kind of ['stdout', 'stderr'] as const) {
      const output = child[kind];
      if (output !== null) followOutput(output, kind, log, (line) => show(`${name}: ${line}`));
    }
    this.#life = { process: child, ended: endOf(child) };
    return this.#life;
  }

  async #ready({ process: child, ended }: Life): Promise<void> {
    const { name } = this.#options;
    const done = new AbortController();
    const said = new Promise<void>((resolve, reject) => {
      child.on('message', (raw: unknown) => {
        const message = messageSchema.safeParse(raw);
        if (!message.success) return;
        if (message.data.type === 'ready') resolve();
        else reject(new HoldfastError('internal', `the ${name} did not start: ${message.data.message}`));
      });
    });
    const died = ended.then((how) => {
      throw new HoldfastError('internal', `the ${name} did not start: it ended ${how}`, {
        hint: `See logs/${name}.log in the data directory.`,
      });
    });
    const late = sleep(this.#limits.ready, undefined, { signal: done.signal }).then(() => {
      throw new HoldfastError('internal', `the ${name} was not ready within ${this.#limits.ready / 1000} s`, {
        hint: `See logs/${name}.log in the data directory.`,
      });
    });
    late.catch(() => undefined);
    try {
      await Promise.race([said, died, late]);
    } finally {
      done.abort();
    }
  }

  async #end({ process: child, ended }: Life, hurry: boolean): Promise<void> {
    child.kill(hurry ? 'SIGKILL' : 'SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), this.#limits.stop);
    try {
      await ended;
    } finally {
      clearTimeout(force);
    }
  }
}

/** How the process ended, for people: `with exit code 1`. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    const tell = (code: number | null, signal: NodeJS.Signals | null) =>
      resolve(signal === null ? `with exit code ${code}` : `on ${signal}`);
    child.once('exit', tell);
    child.once('error', (error) => resolve(`before it began (${error.message})`));
  });
}
