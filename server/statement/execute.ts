import { checkBackup, planBackup } from '../backup/plan.ts';
import type {
  BackupPlan,
  BackupSummary,
  BaseCandidate,
  ChainLayer,
  RestorePlan,
} from '../backup/selection.ts';
import { problemOf } from '../backup/check.ts';
import { HoldfastError } from '../errors.ts';
import { readManifestAt } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { parseJobId } from '../jobs/job.ts';
import type { KnownBackups } from '../imports/known.ts';
import type { JobId, JobKind } from '../jobs/job.ts';
import type { JobLog } from '../jobs/log.ts';
import type { WorkQueue } from '../jobs/queue.ts';
import type { JobRequest } from '../jobs/requests.ts';
import { noSuchJob } from '../jobs/store.ts';
import type { JobStore } from '../jobs/store.ts';
import type { ClusterRegistry } from '../metadata/clusters.ts';
import { openChain } from '../restore/chain.ts';
import { drillAim } from '../restore/drill/aim.ts';
import { chainUrls, recordedLayers, wholeChain } from '../restore/layers.ts';
import { checkRestore } from '../restore/plan.ts';
import { bytesToLoad, planOf } from '../restore/review.ts';
import { summaryOf } from '../restore/summary.ts';
import { findChain } from '../restore/verify/layers.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { answerCount, answerRows } from './answers.ts';
import type { Answer, RunContext, StatementRunner } from './answers.ts';
import { baseCandidates } from '../backup/candidates.ts';
import type {
  BackupStatement,
  ControlJobsStatement,
  DrillStatement,
  JobStatement,
  RestoreStatement,
  Statement,
  Targets,
  VerifyStatement,
} from './ast.ts';
import { printStatement } from './print.ts';
import { JobWaits } from './job-waits.ts';
import { backupRows } from './rows.ts';
import { redact, withCredentials } from './urls.ts';

export interface ExecutorTools {
  clusters: ClusterRegistry;
  jobStore: JobStore;
  jobLog: JobLog;
  known: KnownBackups;
  queue: WorkQueue;
  openStore: (location: Location) => Store;
  now: () => Date;
}

interface Caller {
  cluster: string;
  user: string;
}

/**
 * Runs statements, wherever they come from. Nothing else starts a job. Everything is checked before a job is
 * made: a statement that is refused has written nothing.
 */
export class StatementExecutor implements StatementRunner {
  readonly #tools: ExecutorTools;
  readonly #waits: JobWaits;

  constructor(tools: ExecutorTools) {
    this.#tools = tools;
    this.#waits = new JobWaits(tools.jobLog, tools.now);
  }

  /** One statement as psql sends it: answers when its job has ended, unless it is detached. */
  async run(statement: Statement, context: RunContext): Promise<Answer> {
    switch (statement.kind) {
      case 'backup': {
        const warnings = new Set<string>();
        const id = await this.startBackup(statement, context, warnOnce(warnings, context));
        return this.#waits.answer(statement, id, context, warnings);
      }
      case 'restore': {
        const warnings = new Set<string>();
        const id = await this.startRestore(statement, context, { warn: warnOnce(warnings, context) });
        return this.#waits.answer(statement, id, context, warnings);
      }
      case 'drill': {
        const warnings = new Set<string>();
        const id = await this.startDrill(statement, context, { warn: warnOnce(warnings, context) });
        return this.#waits.answer(statement, id, context, warnings);
      }
      case 'verify': {
        const id = await this.startVerify(statement, context);
        return this.#waits.answer(statement, id, context, new Set());
      }
      case 'show-jobs':
        return answerRows(statement, await this.#waits.showJobs(statement, context));
      case 'show-backup': {
        const { manifest } = await this.#openManifest(statement.url);
        return answerRows(statement, backupRows(manifest, statement.schemas));
      }
      case 'control-jobs':
        return answerCount(statement, await this.#controlJobs(statement));
    }
  }

  /** What a BACKUP would do. Problems are data here. */
  async planBackup(given: BackupStatement, cluster: string): Promise<BackupPlan> {
    const statement = withCredentials(given);
    return planBackup(
      await this.#tools.clusters.connect(cluster),
      statement,
      printStatement(statement, { redact }),
      this.#tools.openStore,
      await this.#tools.jobLog.pace(cluster),
    );
  }

  /** What an incremental backup could build on: the newest known backups of the cluster. */
  async baseCandidates(
    targets: Targets,
    cluster: string,
    /** One more, which may have been made elsewhere. */
    also: string | null = null,
  ): Promise<BaseCandidate[]> {
    const { clusters, known, openStore } = this.#tools;
    const connected = await clusters.connect(cluster);
    const urls = await known.basesOf(cluster, (await connected.describe()).identity);
    return baseCandidates(
      connected,
      targets,
      // As it was given: it may carry what opens it.
      also === null ? urls : [also, ...urls.filter((url) => url !== redact(also))],
      openStore,
      known,
    );
  }

  /** Checks a BACKUP, throwing its first problem, and makes its job. */
  async startBackup(
    given: BackupStatement,
    caller: Caller,
    warn?: (warning: string) => void,
  ): Promise<JobId> {
    const statement = withCredentials(given);
    const cluster = await this.#tools.clusters.connect(caller.cluster);
    const check = await checkBackup(
      cluster,
      statement,
      this.#tools.openStore,
      await this.#tools.jobLog.pace(caller.cluster),
    );
    throwFirst(check.problems);
    if (check.location === null)
      throw new HoldfastError('internal', 'a destination without a problem has a location');
    check.warnings.forEach((warning) => warn?.(warning));
    return this.#start('BACKUP', statement, caller, check.location, check.resolved.selection.totals.bytes);
  }

  /**
   * What a RESTORE would do. Problems are data here, the unreadable backup too. With `recorded`, the statement names the
   * newest backup only, and those that it builds on are taken from its manifest.
   */
  async planRestore(
    given: RestoreStatement,
    cluster: string,
    { recorded = false } = {},
  ): Promise<RestorePlan> {
    let printed = printStatement(given, { redact });
    try {
      const statement = withCredentials(recorded ? await this.#withChain(given) : given);
      printed = printStatement(statement, { redact });
      const chain = await openChain(statement.from, this.#tools.openStore);
      const check = await checkRestore(await this.#tools.clusters.connect(cluster), { statement }, chain);
      return planOf(check, printed);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
      return {
        statement: printed,
        source: null,
        layers: [],
        objects: [],
        missing: [],
        createsDatabases: [],
        totals: { tables: 0, rows: 0, bytes: 0, atMost: false },
        checks: [],
        problems: [{ ...problemOf(error), field: error.field ?? 'source' }],
        warnings: [],
      };
    }
  }

  /** Checks a RESTORE, throwing its first problem, and makes its job. `recorded` as in `planRestore`. */
  async startRestore(
    given: RestoreStatement,
    caller: Caller,
    { warn, recorded = false }: { warn?: (warning: string) => void; recorded?: boolean } = {},
  ): Promise<JobId> {
    const statement = withCredentials(recorded ? await this.#withChain(given) : given);
    const chain = await openChain(statement.from, this.#tools.openStore);
    const check = await checkRestore(
      await this.#tools.clusters.connect(caller.cluster),
      { statement },
      chain,
    );
    throwFirst(check.problems);
    check.warnings.forEach((warning) => warn?.(warning));
    return this.#start('RESTORE', statement, caller, check.chain.last.location, bytesToLoad(check));
  }

  /** Checks a DRILL as the restore that it is, throwing its first problem, and makes its job. `recorded` as in `planRestore`. */
  async startDrill(
    given: DrillStatement,
    caller: Caller,
    { warn, recorded = false }: { warn?: (warning: string) => void; recorded?: boolean } = {},
  ): Promise<JobId> {
    const urls = recorded
      ? await wholeChain(given.urls[0] ?? '', this.#tools.openStore, this.#tools.known)
      : given.urls;
    const statement = withCredentials({ ...given, urls });
    const chain = await openChain(statement.urls, this.#tools.openStore);
    const cluster = await this.#tools.clusters.connect(caller.cluster);
    // The job has no number yet; what its databases are called makes no difference to whether they can be made.
    const check = await checkRestore(cluster, drillAim(chain.last.manifest, statement.urls, '0'), chain);
    throwFirst(check.problems);
    check.warnings.forEach((warning) => warn?.(warning));
    return this.#start('DRILL', statement, caller, chain.last.location, 2 * bytesToLoad(check));
  }

  /**
   * Makes the job of a VERIFY: what is damaged is the job's to find. Throws what `findChain` throws. With `recorded`, the statement
   * names the newest backup only, and those that it builds on are where they were recorded, or found now.
   */
  async startVerify(
    given: VerifyStatement,
    { user }: Pick<Caller, 'user'>,
    { recorded = false } = {},
  ): Promise<JobId> {
    const urls = recorded
      ? await chainUrls(given.urls[0] ?? '', this.#tools.openStore, this.#tools.known)
      : given.urls;
    const statement = withCredentials({ ...given, urls });
    const { layers } = await findChain(statement.urls, this.#tools.openStore);
    const last = layers.at(-1);
    if (last === undefined) throw new HoldfastError('internal', 'a statement names one backup at least');
    const rows = statement.options.depth === 'rows';
    const bytes = layers.reduce(
      (sum, { manifest }) => sum + (manifest?.totals[rows ? 'rawBytes' : 'bytes'] ?? 0),
      0,
    );
    return this.#start('VERIFY', statement, { cluster: null, user }, last.location, bytes);
  }

  /** What a backup URL holds. Throws `undefined-backup`, `corrupt-backup`. */
  async inspectBackup(url: string): Promise<BackupSummary> {
    const { manifest, location } = await this.#openManifest(url);
    return summaryOf(manifest, location.redacted);
  }

  /** The chain that a backup ends, each layer as it is where it was recorded. Throws as `inspectBackup` does. */
  async inspectChain(url: string): Promise<ChainLayer[]> {
    return recordedLayers(url, this.#tools.openStore, this.#tools.known);
  }

  /** Asks a job to pause, to go on, or to cancel. Idempotent; throws `undefined-job`, `job-state`. */
  async controlJob(id: string, request: JobRequest): Promise<void> {
    const job = parseJobId(id);
    if (job === null) throw noSuchJob(id);
    await this.#tools.jobStore.request(job, request);
    // Whoever has it hears of it by itself; a job that nobody has needs somebody.
    if (request !== 'pause') await this.#tools.queue.sendJob(job);
  }

  /** The statement with its one backup spelled out as the whole chain that this ends. */
  async #withChain(statement: RestoreStatement): Promise<RestoreStatement> {
    const [newest = ''] = statement.from;
    return { ...statement, from: await wholeChain(newest, this.#tools.openStore, this.#tools.known) };
  }

  async #start(
    kind: JobKind,
    statement: JobStatement,
    caller: { cluster: string | null; user: string },
    location: Location,
    estimatedBytes: number,
  ): Promise<JobId> {
    const id = await this.#tools.jobStore.create({
      kind,
      cluster: caller.cluster,
      statement: printStatement(statement, { redact }),
      user: caller.user,
      location: location.redacted,
      spec: statement,
      estimatedBytes,
    });
    await this.#tools.queue.sendJob(id);
    return id;
  }

  async #controlJobs(statement: ControlJobsStatement): Promise<number> {
    for (const id of statement.ids) await this.controlJob(id, statement.action);
    return statement.ids.length;
  }

  async #openManifest(url: string): Promise<{ manifest: Manifest; location: Location }> {
    const location = parseLocation(url, 'source');
    return { manifest: await readManifestAt(location, this.#tools.openStore), location };
  }
}

function throwFirst(problems: HoldfastError[]): void {
  const [first] = problems;
  if (first !== undefined) throw first;
}

/** Tells the client a warning and keeps it, so that the job's log doesn't tell it again. */
function warnOnce(said: Set<string>, context: RunContext): (warning: string) => void {
  return (warning) => {
    said.add(warning);
    context.notice(warning, 'WARNING');
  };
}
