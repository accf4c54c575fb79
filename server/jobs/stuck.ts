import { quoteIdent } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import { sentenceOf } from '../errors.ts';
import { isFinal } from './job.ts';
import type { JobError, JobState } from './job.ts';

/** A job in which nothing has moved for so long says so. */
export const STUCK_AFTER_MS = 60_000;

/** What is known of a job in which nothing moves. */
export interface StuckFacts {
  state: JobState;
  runningStatus: string | null;
  /** How long nothing has moved, in milliseconds. */
  idleMs: number;
  /** The engine that has the job, or had it last. */
  coordinator: { name: string; gone: boolean } | null;
  /** Engines that are there. */
  engines: number;
  waiting: number;
  /** Of the tasks that run or are in trouble, the one that has not moved for the longest. */
  task: StuckTask | null;
}

export interface StuckTask {
  id: number;
  table: ObjectName;
  node: string | null;
  ranges: { first: number; last: number } | null;
  running: boolean;
  tries: number;
  engine: string | null;
  engineGone: boolean;
  trouble: JobError | null;
}

/** Why a job stands still, in words: a line, and what is behind it; null while there is nothing to say. */
export function stuckWords(facts: StuckFacts): { title: string; hint: string } | null {
  const { state, coordinator, engines, task } = facts;
  if (facts.idleMs < STUCK_AFTER_MS || isFinal(state) || state === 'paused') return null;
  const time = spanWords(facts.idleMs);
  if (coordinator === null || coordinator.gone) {
    return { title: titleWithoutCoordinator(facts, time), hint: engineHint(engines) };
  }
  if (state !== 'running') return null;
  if (task !== null) {
    return { title: `Stuck for ${time} on ${whereOf(task)}${reasonOf(task)}`, hint: taskHint(task) };
  }
  if (facts.waiting > 0) {
    return { title: `No engine has taken a task for ${time}`, hint: engineHint(engines) };
  }
  return {
    title: `Nothing has moved for ${time}${facts.runningStatus === null ? '' : `: ${facts.runningStatus}`}`,
    hint: `The job is at a step that takes no rows; ${coordinator.name} works on it.`,
  };
}

function titleWithoutCoordinator({ state, coordinator }: StuckFacts, time: string): string {
  if (state === 'pending' || state === 'resuming') return `No engine has taken the job for ${time}`;
  const gone = coordinator === null ? 'No engine has the job' : `Its engine ${coordinator.name} is gone`;
  return `${gone}: nothing has moved for ${time}`;
}

function engineHint(engines: number): string {
  if (engines === 0) {
    return 'No engine is running. Start one: npm run engine, on any machine that reaches the metadata store.';
  }
  const there = engines === 1 ? 'One engine is there' : `${engines} engines are there`;
  return `${there}: the job goes on as soon as one is free. Another engine would help at once: npm run engine.`;
}

/** `range 120 of orders, node 3`; ranges are counted from 1, as on the page of the cluster. */
function whereOf({ id, table, node, ranges }: StuckTask): string {
  const name = quoteIdent(table.name);
  const place = node === null ? '' : `, node ${node}`;
  if (ranges === null) return `task ${id}, rows of ${name}${place}`;
  const { first, last } = ranges;
  return first === last
    ? `range ${counted(first)} of ${name}${place}`
    : `ranges ${counted(first)} to ${counted(last)} of ${name}${place}`;
}

function counted(index: number): string {
  return (index + 1).toLocaleString('en-US');
}

function reasonOf({ running, engine, engineGone, trouble }: StuckTask): string {
  if (running && engineGone) return ` (engine ${engine ?? ''} is gone)`;
  return trouble === null ? '' : ` (${troubleWord(trouble)})`;
}

function taskHint(task: StuckTask): string {
  if (task.running && task.engineGone) return 'Another engine takes the task over by itself.';
  const tried = task.tries > 1 ? `Tried ${task.tries} times` : null;
  if (task.trouble !== null) {
    const { message, hint } = task.trouble;
    return `${tried === null ? '' : `${tried}, the last time: `}${sentenceOf(message)}${hint === null ? '' : ` ${hint}`}`;
  }
  const where = task.node === null ? 'the cluster' : 'the node';
  const what = task.node === null ? 'Nothing has been loaded since' : 'No rows have come from there since';
  return `${tried === null ? '' : `${tried}. `}${what}: something may hold a lock on the table, or ${where} or the storage is overloaded.`;
}

/** What went wrong, in a word or two. */
export function troubleWord({ code, message }: JobError): string {
  if (/\btime(d )?[ -]?out\b/i.test(message)) return 'timeout';
  switch (code) {
    case 'storage-unavailable':
      return 'the storage does not answer';
    case 'storage-full':
      return 'the storage is full';
    case 'storage-denied':
      return 'the storage refuses';
    case 'storage-missing':
    case 'storage-failed':
      return 'the storage fails';
    case 'cluster-unavailable':
      return 'the cluster does not answer';
    case 'cluster-denied':
      return 'the cluster refuses';
    case 'throttled':
      return 'throttled';
    case 'corrupt-backup':
      return 'corrupt data';
    case 'unreadable-moment':
      return 'the moment can’t be read';
    default:
      return 'errors';
  }
}

/** `75 s`, `4 min`, `2 h 05 min`, `3 d`: rounded down. */
export function spanWords(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d`;
}
