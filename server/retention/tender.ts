import type { Logger } from 'pino';
import type { Cluster } from '../cluster/cluster.ts';
import { messageOf } from '../errors.ts';

/** A slot that is moved on so often keeps hardly more than the policy says. */
const EVERY_MS = 5 * 60 * 1000;

export interface TenderTools {
  /** Names of the registered clusters. */
  clusters: () => Promise<string[]>;
  connect: (cluster: string) => Promise<Cluster>;
  logger: Logger;
}

/**
 * Sees to it that what clusters keep for incremental backups stays within the policy where nobody backs them up. Every
 * engine has one: doing it twice does no harm.
 */
export class Tender {
  readonly #tools: TenderTools;
  #timer: NodeJS.Timeout | undefined;
  #tending: Promise<void> = Promise.resolve();

  constructor(tools: TenderTools) {
    this.#tools = tools;
  }

  start(): void {
    this.#timer = setInterval(() => void this.tend(), EVERY_MS);
    void this.tend();
  }

  /** Looks after every cluster, one after the other; never throws. */
  tend(): Promise<void> {
    this.#tending = this.#tending
      .then(() => this.#all())
      .catch((error: unknown) => this.#tools.logger.warn({ err: error }, 'tending'));
    return this.#tending;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tending;
  }

  async #all(): Promise<void> {
    for (const cluster of await this.#tools.clusters()) {
      try {
        const said = await (await this.#tools.connect(cluster)).tend(null);
        for (const sentence of said) this.#tools.logger.info({ cluster }, sentence);
      } catch (error) {
        // One that is down must not keep the others from being looked after.
        this.#tools.logger.warn({ cluster }, `tending: ${messageOf(error)}`);
      }
    }
  }
}
