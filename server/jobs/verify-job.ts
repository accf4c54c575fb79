import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import { filesBeside } from '../restore/verify/beside.ts';
import { type Finding, findingSchema, findingWords } from '../restore/verify/finding.ts';
import { groupsOf } from '../restore/verify/groups.ts';
import { findChain, type FoundChain } from '../restore/verify/layers.ts';
import { mayBeSwapped, nameSwapped } from '../restore/verify/swapped.ts';
import type { VerifyStatement } from '../statement/ast.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { addTasks } from './add-tasks.ts';
import { beginAttempt, goOn, recordedPlan } from './attempts.ts';
import { awaitTasks, checkOnJob, shareDone, whileRunning } from './await-tasks.ts';
import type { ClaimedJob, NewTask } from './ledger.ts';
import { mayPass } from './outcome.ts';
import type { EngineTools } from './tools.ts';
import { verifyResultSchema, weightOf } from './verify-task.ts';

/** So many findings are told each in a job's log; of the others, how many there are. */
const LOGGED_FINDINGS = 100;

/** What an attempt of a verify has found of its manifests. */
const verifyContextSchema = z.object({
  kind: z.literal('verify'),
  startedAt: z.iso.datetime(),
  /** Of the newest layer; null where its manifest can't be read. */
  backupId: z.string().nullable(),
  findings: z.array(findingSchema),
});
type VerifyContext = z.infer<typeof verifyContextSchema>;

/**
 * Coordinates a VERIFY from wherever an earlier coordinator left it: manifests and how they belong together, then the files by
 * tasks. Returns when all of it was looked at and is sound; throws `corrupt-backup` where it isn't. Writes nothing but what was
 * proved, into the metadata store.
 */
export async function runVerify(
  job: ClaimedJob,
  statement: VerifyStatement,
  tools: EngineTools,
): Promise<void> {
  const plan = await recordedPlan(job, tools);
  if (plan === null) await begin(job, statement, tools);
  else await tools.queue.sendTokens(await goOn(job, tools));
  await awaitTasks(job, tools, {
    fractionOf: shareDone,
    runningStatus: `verifying ${statement.options.depth}`,
  });
  await checkOnJob(job, tools);
  await conclude(job, statement, tools);
}

async function begin(job: ClaimedJob, statement: VerifyStatement, tools: EngineTools): Promise<void> {
  await beginAttempt(job, tools);
  const startedAt = tools.clock.now().toISOString();
  const chain = await findChain(statement.urls, tools.openStore);
  const manifests = chain.layers.map(({ manifest }) => manifest);
  const context: VerifyContext = {
    kind: 'verify',
    startedAt,
    backupId: manifests.at(-1)?.id ?? null,
    findings: chain.findings,
  };
  await tools.tasks.share(job, context);
  const files = manifests.reduce((sum, manifest) => sum + (manifest?.files.length ?? 0), 0);
  const layers = statement.urls.length === 1 ? '' : ` of ${statement.urls.length} layers`;
  await tools.jobs.log(job.id, `Verifying ${files} files${layers}, by their ${statement.options.depth}.`);
  await tellBeside(job, chain, tools);
  await addTasks(tools.tasks, job, newTasks(chain, statement), 'waiting', (count) =>
    tools.queue.sendTokens(count),
  );
  await tools.tasks.markPlanned(job);
}

/** Says what is at the destination beside the backup's own files: it is no damage, and somebody may wonder. */
async function tellBeside(job: ClaimedJob, { layers }: FoundChain, tools: EngineTools): Promise<void> {
  for (const { location, manifest } of layers) {
    if (manifest === null) continue;
    const store = tools.openStore(location);
    try {
      const beside = await whileRunning(job, tools, (signal) => filesBeside(store, manifest, signal));
      if (beside === null)
        await tools.jobs.log(job.id, `${location.redacted} can’t be listed: what else is there isn’t known.`);
      else if (beside.count > 0) {
        const more = beside.count > beside.names.length ? ', …' : '';
        await tools.jobs.log(
          job.id,
          `${location.redacted} has ${beside.count === 1 ? 'a file' : `${beside.count} files`} that no manifest names: ${beside.names.join(', ')}${more}. A restore reads none of that.`,
          'warning',
        );
      }
    } catch (error) {
      throw storeErrorToHoldfast(error, location);
    } finally {
      await store.close();
    }
  }
}

async function* newTasks(
  { layers }: FoundChain,
  { options: { depth } }: VerifyStatement,
): AsyncGenerator<NewTask, void> {
  for (const group of groupsOf(layers.map(({ manifest }) => manifest))) {
    const estimatedBytes = group.files.reduce((sum, file) => sum + weightOf(file, depth), 0);
    yield await Promise.resolve({
      table: group.table,
      node: null,
      locality: '',
      estimatedBytes,
      body: group,
    });
  }
}

/** Puts together what was found, says it, and keeps it; throws `corrupt-backup` where it is anything. */
async function conclude(job: ClaimedJob, statement: VerifyStatement, tools: EngineTools): Promise<void> {
  const plan = await recordedPlan(job, tools);
  const context = verifyContextSchema.parse(plan?.context);
  const results = (await tools.tasks.results(job)).map((result) => verifyResultSchema.parse(result));
  const sum = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const found = context.findings.length + sum((result) => result.found);
  const findings = await withSwapped(
    [...context.findings, ...results.flatMap((result) => result.findings)],
    statement,
    tools,
  );
  if (plan?.built === 0) {
    await tellFindings(job, findings, found, tools);
    await tools.tasks.noteBuilt(job, 1);
  }
  await tools.proofs.record({
    kind: 'verify',
    jobId: job.id,
    backupId: context.backupId,
    location: job.location,
    cluster: null,
    depth: statement.options.depth,
    outcome: found === 0 ? 'sound' : 'damaged',
    findings,
    figures: {
      files: sum((result) => result.files),
      bytes: sum((result) => result.bytes),
      rows: sum((result) => result.rows),
      findings: found,
    },
    startedAt: new Date(context.startedAt),
    finishedAt: tools.clock.now(),
  });
  const [first] = findings;
  if (first === undefined) return;
  throw new HoldfastError(
    'corrupt-backup',
    found === 1
      ? `the backup is damaged: ${findingWords(first)}`
      : `the backup is damaged, ${found} findings, the first: ${findingWords(first)}`,
    {
      hint: 'Do not restore from it: use another backup, or another copy of this one. The job’s log names what was found.',
    },
  );
}

/** The manifests are read once more only where one of them could say whose bytes were found. */
async function withSwapped(
  findings: Finding[],
  { urls }: VerifyStatement,
  tools: EngineTools,
): Promise<Finding[]> {
  if (!mayBeSwapped(findings)) return findings;
  const chain = await findChain(urls, tools.openStore).catch((error: unknown) => {
    if (mayPass(error)) throw error;
    // It is worth a word less, not the verify.
    return null;
  });
  const layers = chain?.layers ?? [];
  return nameSwapped(
    findings,
    layers.map(({ manifest }) => manifest),
    layers.map(({ location }) => location.redacted),
  );
}

async function tellFindings(
  job: ClaimedJob,
  findings: readonly Finding[],
  found: number,
  tools: EngineTools,
): Promise<void> {
  const told = findings.slice(0, LOGGED_FINDINGS);
  for (const finding of told) await tools.jobs.log(job.id, `${findingWords(finding)}.`, 'warning');
  if (found > told.length)
    await tools.jobs.log(job.id, `There are ${found - told.length} more findings.`, 'warning');
  if (found === 0) await tools.jobs.log(job.id, 'Everything is as it was written.');
}
