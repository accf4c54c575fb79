import type { Cluster, CreatedObject } from '../cluster/cluster.ts';
import { objectKindOf } from '../cluster/descriptor.ts';
import { momentText } from '../cluster/moment.ts';
import { nameKey, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { openChain } from '../restore/chain.ts';
import { restoreSteps } from '../restore/order.ts';
import type { DatabaseStep } from '../restore/order.ts';
import { restorePhases } from '../restore/phases.ts';
import { checkRestore } from '../restore/plan.ts';
import type { RestoreCheck, RestoreItem } from '../restore/plan.ts';
import type { RestoreStatement } from '../statement/ast.ts';
import { checkOnJob, whileRunning } from './await-tasks.ts';
import { runPhases } from './load-phases.ts';
import { restorePlanSchema } from './spec.ts';
import type { LoadContext } from './spec.ts';
import type { ClaimedJob } from './store.ts';
import type { EngineTools } from './tools.ts';

/** How much of the bar the rows take; keys, indexes, foreign keys and views share the rest. */
const LOAD_SHARE = 0.8;

/**
 * Coordinates one attempt of a RESTORE: objects, rows by tasks, then keys, indexes, foreign keys, views and
 * sequences' values. Returns when all of it is there; throws otherwise, with the ledger telling what is to undo.
 */
export async function runRestore(
  job: ClaimedJob,
  statement: RestoreStatement,
  tools: EngineTools,
): Promise<void> {
  const cluster = await tools.clusters.connect(job.cluster);
  if (job.attempt > 1 && (await undoRestore(job, tools)) === 'complete') return;
  const opened = await openChain(statement.from, tools.openStore);
  const check = await checkRestore(cluster, statement, opened);
  const [problem] = check.problems;
  if (problem !== undefined) throw problem;
  const databases = targetDatabases(check);
  const context: LoadContext = {
    kind: 'load',
    descriptors: check.items.map((item) => item.descriptor),
    databases: Object.fromEntries(
      check.items.map((item) => [item.descriptor.name.database, item.target.database]),
    ),
    plan: {
      createsDatabases: check.createsDatabases,
      databases,
      complete: false,
    },
  };
  // Noted before anything is created: what is in here and has this restore's ledger is this restore's to undo.
  await tools.tasks.share(job.id, job.attempt, context);
  await tools.jobs.log(
    job.id,
    `Restoring ${check.items.length} objects as of ${momentText(check.chain.last.manifest.moment)}${fromLayers(check)}.`,
  );
  for (const warning of check.warnings) await tools.jobs.log(job.id, warning, 'warning');

  const work = new RestoreWork(job, tools, cluster, check);
  await work.createObjects(databases, schemasOf(check.items));
  await runPhases(job, tools, restorePhases(check.chain, check.items), LOAD_SHARE);
  await work.buildRest();
  await checkOnJob(job, tools);
  await tools.tasks.share(job.id, job.attempt, { ...context, plan: { ...context.plan, complete: true } });
  for (const database of databases) await cluster.closeLedger(database, job.id);
}

function fromLayers({ chain }: RestoreCheck): string {
  const { length } = chain.layers;
  return length === 1 ? '' : `, from a chain of ${length} backups`;
}

function targetDatabases(check: RestoreCheck): string[] {
  return [...new Set([...check.createsDatabases, ...check.items.map((item) => item.target.database)])];
}

function schemasOf(items: RestoreItem[]): { database: string; schema: string }[] {
  const schemas = new Map(
    items.map(({ target }) => [
      JSON.stringify([target.database, target.schema]),
      { database: target.database, schema: target.schema },
    ]),
  );
  return [...schemas.values()];
}

/** The steps of one attempt around the loading of rows. */
class RestoreWork {
  readonly #job: ClaimedJob;
  readonly #tools: EngineTools;
  readonly #cluster: Cluster;
  readonly #check: RestoreCheck;
  readonly #steps: ReturnType<typeof restoreSteps>;

  constructor(job: ClaimedJob, tools: EngineTools, cluster: Cluster, check: RestoreCheck) {
    this.#job = job;
    this.#tools = tools;
    this.#cluster = cluster;
    this.#check = check;
    this.#steps = restoreSteps(check.items, (name) => check.present.has(nameKey(name)));
  }

  async createObjects(databases: string[], schemas: { database: string; schema: string }[]): Promise<void> {
    for (const database of this.#check.createsDatabases) {
      await this.#cluster.createDatabase(database, this.#job.id);
    }
    for (const database of databases) await this.#cluster.openLedger(database, this.#job.id);
    for (const { database, schema } of schemas)
      await this.#cluster.ensureSchema(database, schema, this.#job.id);
    for (const { database, ...extension } of this.#check.createsExtensions) {
      await this.#cluster.ensureSchema(database, extension.schema, this.#job.id);
      await this.#cluster.createExtension(database, extension, this.#job.id);
    }
    const created = this.#check.items.filter((item) => item.descriptor.kind !== 'view').map(createdObject);
    await this.#run(this.#steps.create, created);
  }

  async buildRest(): Promise<void> {
    const { keys, indexes, foreignKeys, views, finish } = this.#steps;
    const sequences = this.#check.items.filter((item) => item.descriptor.kind === 'sequence');
    const total = keys.length + indexes.length + foreignKeys.length + 3;
    let done = 0;
    const advance = async (runningStatus: string): Promise<void> => {
      await checkOnJob(this.#job, this.#tools);
      const fraction = LOAD_SHARE + (1 - LOAD_SHARE) * (done / total);
      await this.#tools.jobs.advance(this.#job.id, fraction, runningStatus);
      done += 1;
    };
    // One statement a transaction: each can take long, and what is done shows.
    for (const [status, steps] of [
      ['adding keys', keys],
      ['building indexes', indexes],
      ['validating foreign keys', foreignKeys],
    ] as const) {
      for (const step of steps) {
        await advance(status);
        await this.#run([step], []);
      }
    }
    await advance('creating views');
    const viewItems = this.#check.items.filter((item) => item.descriptor.kind === 'view');
    await this.#run(views, viewItems.map(createdObject));
    await advance('setting sequences');
    for (const { descriptor, target } of sequences) {
      if (descriptor.kind !== 'sequence') continue;
      await this.#cluster.setSequence(target.database, target, descriptor.lastValue, descriptor.isCalled);
    }
    await advance('finishing');
    await this.#run(finish, []);
  }

  /** Runs steps in their order, a database at a time, noting what they create. */
  async #run(steps: DatabaseStep[], created: CreatedObject[]): Promise<void> {
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

function createdObject({ descriptor, target }: RestoreItem): CreatedObject {
  return { kind: objectKindOf(descriptor), name: target };
}

/**
 * Undoes what earlier attempts of this restore created: exactly what their ledgers name, schemas and databases
 * that they created and that are empty then. Answers `complete`, and undoes nothing, when an earlier attempt
 * had finished and only could not say so any more. May be repeated.
 */
export async function undoRestore(job: ClaimedJob, tools: EngineTools): Promise<'undone' | 'complete'> {
  const cluster = await tools.clusters.connect(job.cluster);
  for (const shared of await tools.tasks.sharedByAll(job.id)) {
    const { plan } = restorePlanSchema.parse(shared);
    if (plan.complete) {
      for (const database of plan.databases) await cluster.closeLedger(database, job.id);
      return 'complete';
    }
    for (const database of plan.databases) await undoDatabase(cluster, job, plan, database);
  }
  return 'undone';
}

async function undoDatabase(
  cluster: Cluster,
  job: ClaimedJob,
  plan: LoadContext['plan'],
  database: string,
): Promise<void> {
  const ours = await cluster.undoLedger(database, job.id);
  if (plan.createsDatabases.includes(database)) {
    const foreign = ours ? (await cluster.catalog(database)).objects[0] : undefined;
    if (foreign === undefined) {
      await cluster.dropDatabase(database, job.id);
      return;
    }
    await cluster.closeLedger(database, job.id);
    throw new HoldfastError(
      'job-failed',
      `database "${database}" is not removed: it has ${printName(foreign.name)}, which this restore did not create`,
      { hint: 'Drop the database yourself when nothing in it is needed.' },
    );
  }
  if (ours) await cluster.closeLedger(database, job.id);
}
