import { nameKey, type ObjectName, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { type BackupChain, loadedSizes, openChain } from '../restore/chain.ts';
import { drillAim } from '../restore/drill/aim.ts';
import {
  definitionFindings,
  type DrillFinding,
  rowFindings,
  type TableOutcome,
} from '../restore/drill/findings.ts';
import { addPrints, NO_ROWS_PRINT, type RowsPrint } from '../restore/drill/fingerprint.ts';
import type { DrillStatement } from '../statement/ast.ts';
import { checkOnJob, shareDone } from './await-tasks.ts';
import { compareTasks, drillResultSchema } from './drill-task.ts';
import { clusterOf } from './job.ts';
import type { ClaimedJob } from './ledger.ts';
import { runPhases } from './load-phases.ts';
import { restoreAll, type Restored } from './restore-attempt.ts';
import { undoAll } from './restore-undo.ts';
import { restorePlanSchema } from './spec.ts';
import type { EngineTools } from './tools.ts';

/**
 * Coordinates a DRILL: restores all that the backup holds into scratch databases, compares the rows that are there with those that were
 * loaded and the definitions with those of the backup, records what it found, and drops the scratch databases. Throws
 * `corrupt-backup` where something differs.
 */
export async function runDrill(
  job: ClaimedJob,
  statement: DrillStatement,
  tools: EngineTools,
): Promise<void> {
  const chain = await openChain(statement.urls, tools.openStore);
  const restored = await restoreAll(
    job,
    {
      from: statement.urls,
      aim: ({ last }) => drillAim(last.manifest, statement.urls, job.id),
      prints: true,
      after: (items) => compareTasks(items, loadedSizes(chain)),
      // Reading back takes the other half.
      bar: { rows: 0.9, end: 0.9 },
      undo: undoDrill,
    },
    tools,
  );
  if (restored === null) return;
  const outcomes = await compareRows(job, restored, tools);
  const findings = [...rowFindings(outcomes), ...(await compareDefinitions(restored, chain))];
  await record(job, chain, restored, outcomes, findings, tools);
  const [first] = findings;
  if (first !== undefined) throw differs(first, findings.length);
  await checkOnJob(job, tools);
  await tools.jobs.advance(job, 0.98, 'dropping the scratch databases');
  const { context } = restored;
  await tools.tasks.share(job, { ...context, plan: { ...context.plan, complete: true } });
  await undoDrill(job, tools);
}

/** Reads every table back, and sets what it has beside what was loaded. */
async function compareRows(
  job: ClaimedJob,
  { context, items }: Restored,
  tools: EngineTools,
): Promise<TableOutcome[]> {
  const tables = items.filter(({ descriptor }) => descriptor.kind === 'table').length;
  await runPhases(
    job,
    tools,
    [...context.phases, { status: 'reading back what was restored', tasks: tables }],
    (totals) => 0.05 + 0.9 * shareDone(totals),
  );
  const loaded = new Map<string, RowsPrint[]>();
  const replaced = new Set<string>();
  const found: { table: ObjectName; print: RowsPrint }[] = [];
  for (const each of await tools.tasks.results(job)) {
    const result = drillResultSchema.parse(each);
    if ('readBack' in result) {
      found.push(result.readBack);
      continue;
    }
    if (result.replaced !== undefined) replaced.add(nameKey(result.replaced));
    if (result.loaded === undefined) continue;
    const key = nameKey(result.loaded.table);
    loaded.set(key, [...(loaded.get(key) ?? []), result.loaded.print]);
  }
  for (const { table } of found)
    if (replaced.has(nameKey(table)))
      await tools.jobs.log(
        job.id,
        `${printName(table)} was restored layer by layer: its rows are counted, and not compared with the backup’s.`,
        'warning',
      );
  return found.map(({ table, print }) => {
    const key = nameKey(table);
    const prints = loaded.get(key) ?? [];
    return {
      table,
      loaded: replaced.has(key) ? null : prints.length === 0 ? NO_ROWS_PRINT : addPrints(prints),
      found: print,
    };
  });
}

async function compareDefinitions(
  { cluster, context, items }: Restored,
  chain: BackupChain,
): Promise<DrillFinding[]> {
  const { version, kind } = chain.last.manifest.cluster;
  const info = await cluster.describe();
  const present = new Set(context.present);
  const held = await cluster.holdLatest(context.plan.databases);
  try {
    const restored = await cluster.descriptors(
      items.map(({ target }) => target),
      held.moment,
    );
    return definitionFindings(
      items,
      restored,
      (name) => present.has(nameKey(name)),
      info.version === version && info.kind === kind,
    );
  } finally {
    await held.release();
  }
}

async function record(
  job: ClaimedJob,
  { last, layers }: BackupChain,
  { tookMs }: Restored,
  outcomes: readonly TableOutcome[],
  findings: readonly DrillFinding[],
  { proofs, clock }: EngineTools,
): Promise<void> {
  const files = layers.flatMap(({ manifest }) => manifest.files);
  await proofs.record({
    kind: 'drill',
    jobId: job.id,
    backupId: last.manifest.id,
    location: job.location,
    cluster: clusterOf(job),
    depth: null,
    outcome: findings.length === 0 ? 'passed' : 'failed',
    findings: [...findings],
    figures: {
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      rows: outcomes.reduce((sum, { found }) => sum + found.rows, 0),
      findings: findings.length,
      uncompared: outcomes.filter(({ loaded }) => loaded === null).length,
      ...(tookMs === null ? {} : { restoreMs: Math.round(tookMs) }),
    },
    startedAt: job.createdAt,
    finishedAt: clock.now(),
  });
}

function differs({ table, reason }: DrillFinding, count: number): HoldfastError {
  const what = `${table === null ? '' : `${printName(table)}: `}${reason}`;
  return new HoldfastError(
    'corrupt-backup',
    `what was restored is not what was backed up: ${what}${count === 1 ? '' : ` (the first of ${count})`}`,
    {
      hint: 'Verify the backup with depth = rows, and look at the drill’s findings. Do not count on this backup before that.',
    },
  );
}

/**
 * Drops the scratch databases: a drill leaves nothing, however it ends. Answers `complete` where it had proved what it was to prove. May
 * be repeated.
 */
export async function undoDrill(job: ClaimedJob, tools: EngineTools): Promise<'complete' | 'undone'> {
  const plans = (await tools.tasks.plans(job.id)).map(({ context }) => restorePlanSchema.parse(context).plan);
  await undoAll(job, tools, plans);
  if (plans.some(({ complete }) => complete)) return 'complete';
  if (job.revertsTo === 'failed') await recordFailure(job, tools);
  return 'undone';
}

/** That it did not get through is a finding too, unless it had found something by itself. */
async function recordFailure(job: ClaimedJob, { proofs, clock }: EngineTools): Promise<void> {
  await proofs.record(
    {
      kind: 'drill',
      jobId: job.id,
      backupId: null,
      location: job.location,
      cluster: clusterOf(job),
      depth: null,
      outcome: 'failed',
      findings: [{ table: null, reason: `the restore did not get through: job ${job.id} says why` }],
      figures: { files: 0, bytes: 0, rows: 0, findings: 1 },
      startedAt: job.createdAt,
      finishedAt: clock.now(),
    },
    { unlessThere: true },
  );
}
