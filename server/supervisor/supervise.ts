import { generatePassword } from '../accounts/passwords.ts';
import { DEMO_DATABASE, ensureDemo } from '../cluster/embedded/demo.ts';
import { embeddedPortInUse, startEmbedded, type Embedded } from '../cluster/embedded/server.ts';
import type { Config } from '../config.ts';
import { HoldfastError } from '../errors.ts';
import { Child } from './child.ts';
import { markDataDir, prepareDataDir } from './data-dir.ts';
import { lockDataDir } from './lock.ts';
import { openLog, rotatedLog } from './logs.ts';
import { metadataUrl, prepareMetadata } from './metadata.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { checkPorts } from './ports.ts';

/** What is running, for the banner and for whoever started us. */
export interface Running {
  /** Of the console. */
  url: string;
  sqlPort: number;
  host: string;
  dataDir: string;
  /** The embedded PostgreSQL; null where it isn't needed. `url` is without the password. */
  embedded: { url: string; passwordFile: string } | null;
}

export interface SuperviseOptions {
  config: Config;
  /** The files that the children are started from. */
  entries: { engine: string; console: string };
  /** A line for people about what happens; `warning` for what went wrong. */
  say: (kind: 'progress' | 'warning', line: string) => void;
  /** Root's password, when this start made the user and nobody gave one. Told at once: it is told once. */
  firstPassword: (password: string) => void;
  /** Something that can't be mended; the caller stops everything. */
  broken: (error: HoldfastError) => void;
}

/** Stops what a step started; `hurry` by force. May be called twice. */
type Undo = (hurry: boolean) => Promise<void>;

/** All of Holdfast on this machine: the embedded PostgreSQL, an engine, the console. */
export class Supervisor {
  readonly #options: SuperviseOptions;
  /** What to undo, oldest first. */
  readonly #started: Undo[] = [];
  #undoing: Undo | null = null;
  #stopping = false;
  #hurry = false;
  #stopped: Promise<void> | null = null;
  #starting: Promise<Running> | null = null;

  constructor(options: SuperviseOptions) {
    this.#options = options;
  }

  /** Starts everything, or nothing: what throws leaves nothing running. */
  async start(): Promise<Running> {
    this.#starting = this.#startAll();
    try {
      return await this.#starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything in order: console, engine, PostgreSQL. May be called at any time; a second call with `hurry` forces. */
  stop(hurry = false): Promise<void> {
    this.#stopping = true;
    if (hurry && !this.#hurry) {
      this.#hurry = true;
      void this.#undoing?.(true).catch(() => undefined);
    }
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    do {
      for (let undo = this.#started.pop(); undo !== undefined; undo = this.#started.pop()) {
        this.#undoing = undo;
        await undo(this.#hurry);
      }
      // A start under way finds out at its next step, and undoes what that step made.
      await this.#starting?.catch(() => undefined);
    } while (this.#started.length > 0);
  }

  /** One step of starting, and how to undo it. */
  async #step<T>(make: () => Promise<T>, undo?: (made: T, hurry: boolean) => Promise<void>): Promise<T> {
    if (this.#stopping) throw new HoldfastError('canceled', 'stopped while starting');
    const made = await make();
    if (undo !== undefined) this.#started.push((hurry) => undo(made, hurry));
    if (!this.#stopping) return made;
    if (undo !== undefined) {
      this.#started.pop();
      await undo(made, this.#hurry);
    }
    throw new HoldfastError('canceled', 'stopped while starting');
  }

  async #startAll(): Promise<Running> {
    const { config, say } = this.#options;
    const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
    const needsEmbedded = config.clusterUrl === null || config.metadataUrl === null;
    await this.#step(() => prepareDataDir(config.dataDir));
    await this.#step(
      () => lockDataDir(config.dataDir, url),
      (lock) => lock.release(),
    );
    // One that an earlier Holdfast left running is taken over: its port is ours.
    const left = await embeddedPortInUse(config.dataDir);
    await this.#step(() => checkPorts(config, { embedded: needsEmbedded && left !== config.embeddedPort }));
    await this.#step(() => markDataDir(config.dataDir));

    const embedded = needsEmbedded ? await this.#startEmbedded() : null;
    if (embedded !== null && config.clusterUrl === null) {
      await this.#step(() => ensureDemo(embedded, config.dataDir, (line) => say('progress', line)));
    }
    const store = await this.#step(() => metadataUrl(config, embedded));
    const { rootPassword } = await this.#step(() => prepareMetadata(store, config, embedded));
    if (rootPassword !== null && config.rootPassword === null) this.#options.firstPassword(rootPassword);

    await Promise.all([this.#startChild('engine', store), this.#startChild('console', store)]);
    return {
      url,
      sqlPort: config.sqlPort,
      host: config.host,
      dataDir: config.dataDir,
      embedded:
        embedded === null
          ? null
          : {
              url: `postgresql://root@127.0.0.1:${config.embeddedPort}/${DEMO_DATABASE}`,
              passwordFile: embedded.passwordFile,
            },
    };
  }

  async #startEmbedded(): Promise<Embedded> {
    const { config, say } = this.#options;
    await rotatedLog(config.dataDir, 'postgresql');
    const password = config.rootPassword ?? generatePassword();
    const start = () =>
      startEmbedded({
        dataDir: config.dataDir,
        port: config.embeddedPort,
        password,
        log: (line) => say('progress', line),
      });
    let current: Embedded | null = null;
    let kept: Promise<void> | null = null;
    const first = await this.#step(start, async (made, hurry) => {
      await (current ?? made).stop(hurry);
      await kept;
    });
    kept = this.#keepEmbedded(first, start, (next) => (current = next));
    return first;
  }

  /** Starts PostgreSQL again when somebody kills it: its clients connect again by themselves. */
  async #keepEmbedded(
    first: Embedded,
    start: () => Promise<Embedded>,
    use: (next: Embedded) => void,
  ): Promise<void> {
    for (let embedded = first; ;) {
      await embedded.exited;
      if (this.#stopping) return;
      this.#options.say('warning', 'the embedded PostgreSQL ended; it is started again');
      try {
        embedded = await start();
      } catch (error) {
        this.#options.broken(asHoldfastError(error));
        return;
      }
      use(embedded);
      // Stopped meanwhile, by somebody who did not know of this one.
      if (this.#isStopping()) await embedded.stop(this.#hurry);
    }
  }

  /** A method, since it changes while others wait. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  async #startChild(name: 'engine' | 'console', store: string): Promise<void> {
    const { config, entries, say, broken } = this.#options;
    const file = await rotatedLog(config.dataDir, name);
    const log = openLog(file, (error) => say('warning', `${file} can't be written: ${error.message}`));
    const child = new Child({
      name,
      entry: entries[name],
      flags: NODE_FLAGS[name],
      env: childEnvironment(config, store),
      log,
      show: (line) => say('warning', line),
      // Without an engine, the pages and the statements still tell what is wrong.
      gaveUp: name === 'engine' ? null : broken,
    });
    // Known before it is ready: a stop meanwhile must not wait for that.
    this.#started.push(async (hurry) => {
      await child.stop(hurry);
      log.end();
    });
    await this.#step(() => child.start());
  }
}

/** What the children are configured with: everything said outright, and no password that they don't need. */
export function childEnvironment(config: Config, store: string): NodeJS.ProcessEnv {
  const { HOLDFAST_ROOT_PASSWORD: _password, HOLDFAST_CLUSTER_URL: _cluster, ...rest } = process.env;
  return {
    ...rest,
    NODE_ENV: 'production',
    HOLDFAST_DATA_DIR: config.dataDir,
    HOLDFAST_EXTERN_DIR: config.externDir,
    HOLDFAST_METADATA_URL: store,
  };
}

/** Anything thrown, as the error that people are shown. */
export function asHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError('internal', message, { cause: error });
}
