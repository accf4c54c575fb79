import type { Cluster, CreatedObject } from '../cluster/cluster.ts';
import { objectKindOf } from '../cluster/descriptor.ts';
import { nameKey } from '../cluster/names.ts';
import { restoreSteps } from '../restore/order.ts';
import type { DatabaseStep } from '../restore/order.ts';
import type { RestoreCheck, RestoreItem } from '../restore/plan.ts';
import { messageOf } from '../errors.ts';
import { checkOnJob, whileRunning } from './await-tasks.ts';
import type { ClaimedJob } from './ledger.ts';
import { isOrder, mayPass } from './outcome.ts';
import type { EngineTools } from './tools.ts';

interface BuildStep {
  status: string;
  run: () => Promise<void>;
}

/** The steps of a restore around the loading of rows. */
export class RestoreWork {
  readonly #job: ClaimedJob;
  readonly #tools: EngineTools;
  readonly #cluster: Cluster;
  readonly #items: readonly RestoreItem[];
  readonly #steps: ReturnType<typeof restoreSteps>;

  /** `present` is what steps of the DDL may count on, by `nameKey` of the source's names. */
  constructor(
    job: ClaimedJob,
    tools: EngineTools,
    cluster: Cluster,
    { items, present }: { items: RestoreItem[]; present: ReadonlySet<string> },
  ) {
    this.#job = job;
    this.#tools = tools;
    this.#cluster = cluster;
    this.#items = items;
    this.#steps = restoreSteps(items, (name) => present.has(nameKey(name)));
  }

  /** Creates databases, schemas, extensions and bare objects, each noted in the ledger. */
  async createObjects(check: RestoreCheck, databases: readonly string[]): Promise<void> {
    for (const database of check.createsDatabases) await this.#cluster.createDatabase(database, this.#job.id);
    for (const database of databases) await this.#cluster.openLedger(database, this.#job.id);
    for (const { database, schema } of schemasOf(this.#items))
      await this.#cluster.ensureSchema(database, schema, this.#job.id);
    for (const { database, ...extension } of check.createsExtensions) {
      await this.#cluster.ensureSchema(database, extension.schema, this.#job.id);
      await this.#cluster.createExtension(database, extension, this.#job.id);
    }
    const created = this.#items.filter((item) => item.descriptor.kind !== 'view').map(createdObject);
    await this.#run(this.#steps.create, created);
  }

  /**
   * Builds what comes after the rows, from step `built` on, noting each that is done, along the bar. Throws NotAsNoted where the first of them fails: it
   * may have been done, by a coordinator that could not say so any more.
   */
  async buildRest(built: number, goingOn: boolean, bar: { from: number; to: number }): Promise<void> {
    const steps = this.#buildSteps();
    for (const [index, { status, run }] of steps.entries()) {
      if (index < built) continue;
      await checkOnJob(this.#job, this.#tools);
      const fraction = bar.from + (bar.to - bar.from) * (index / steps.length);
      await this.#tools.jobs.advance(this.#job, fraction, status);
      if (goingOn && index === built) await asNoted(run);
      else await run();
      await this.#tools.tasks.noteBuilt(this.#job, index + 1);
    }
  }

  /** One statement a transaction: each can take long, and what is done shows. */
  #buildSteps(): BuildStep[] {
    const { keys, indexes, foreignKeys, views, finish } = this.#steps;
    const each = (status: string, steps: readonly DatabaseStep[]): BuildStep[] =>
      steps.map((step) => ({ status, run: () => this.#run([step], []) }));
    const viewItems = this.#items.filter((item) => item.descriptor.kind === 'view');
    return [
      ...each('adding keys', keys),
      ...each('building indexes', indexes),
      ...each('validating foreign keys', foreignKeys),
      { status: 'creating views', run: () => this.#run(views, viewItems.map(createdObject)) },
      { status: 'setting sequences', run: () => this.#setSequences() },
      { status: 'finishing', run: () => this.#run(finish, []) },
    ];
  }

  async #setSequences(): Promise<void> {
    for (const { descriptor, target } of this.#items)
      if (descriptor.kind === 'sequence')
        await this.#cluster.setSequence(target.database, target, descriptor.lastValue, descriptor.isCalled);
  }

  /** Runs steps in their order, a database at a time, noting what they create. */
  async #run(steps: readonly DatabaseStep[], created: readonly CreatedObject[]): Promise<void> {
    for (const database of new Set(steps.map((step) => step.database))) {
      const notes = await whileRunning(this.#job, this.#tools, (signal) =>
        this.#cluster.runDdl(
          database,
          steps.filter((step) => step.database === database).map((step) => step.sql),
          signal,
          { restore: this.#job.id, created: created.filter((object) => object.name.database === database) },
        ),
      );
      for (const note of notes) await this.#tools.jobs.log(this.#job.id, note, 'warning');
    }
  }
}

/** A step may have been done that is not noted as done. */
export class NotAsNoted extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'NotAsNoted';
  }
}

async function asNoted(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw isOrder(error) || mayPass(error) ? error : new NotAsNoted(error);
  }
}

function createdObject({ descriptor, target }: RestoreItem): CreatedObject {
  return { kind: objectKindOf(descriptor), name: target };
}

function schemasOf(items: readonly RestoreItem[]): { database: string; schema: string }[] {
  const schemas = new Map(
    items.map(({ target }) => [
      JSON.stringify([target.database, target.schema]),
      { database: target.database, schema: target.schema },
    ]),
  );
  return [...schemas.values()];
}
