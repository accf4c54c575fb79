import { type ErrorCode, HoldfastError } from '../errors.ts';
import { isOutage } from '../metadata/outage.ts';

/** Root asked the job to cancel. */
export class CancelRequested extends Error {
  constructor() {
    super('the job was asked to cancel');
    this.name = 'CancelRequested';
  }
}

/** The job is to pause. */
export class PauseRequested extends Error {
  constructor() {
    super('the job was asked to pause');
    this.name = 'PauseRequested';
  }
}

/** This engine is stopping: another one takes the job over. */
export class EngineStopping extends Error {
  constructor() {
    super('the engine is stopping');
    this.name = 'EngineStopping';
  }
}

/** The limits let no more tasks begin for now. */
export class NoRoom extends Error {
  constructor() {
    super('as many tasks run as may');
    this.name = 'NoRoom';
  }
}

/** Another coordinator has taken the job: this one must touch nothing more. */
export class Superseded extends Error {
  constructor() {
    super('another coordinator has the job');
    this.name = 'Superseded';
  }
}

/** The moment can't be read any more: the job starts over with a new one. */
export class MomentLost extends Error {
  constructor(reason: unknown) {
    super(reason instanceof Error ? reason.message : String(reason));
    this.name = 'MomentLost';
  }
}

/** Nothing has moved for as long as the job is patient, and this is why. */
export class OutOfPatience extends Error {
  readonly reason: HoldfastError;

  constructor(reason: HoldfastError) {
    super(reason.message);
    this.name = 'OutOfPatience';
    this.reason = reason;
  }
}

/** True for what `checkOnJob` throws on purpose: the job must not go on here. */
export function isOrder(reason: unknown): boolean {
  return (
    reason instanceof CancelRequested ||
    reason instanceof PauseRequested ||
    reason instanceof EngineStopping ||
    reason instanceof Superseded
  );
}

/** True for failures that may pass by themselves: the same work is worth another try. */
export function mayPass(error: unknown): boolean {
  if (error instanceof HoldfastError)
    return error.code === 'cluster-unavailable' || error.code === 'storage-unavailable';
  return isOutage(error);
}

const MENDABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'storage-full',
  'storage-denied',
  'storage-missing',
  'storage-failed',
  'cluster-denied',
]);

/** True for failures that somebody can mend outside: a job that has something to lose waits for that. */
export function isMendable(error: unknown): boolean {
  return error instanceof HoldfastError && MENDABLE.has(error.code);
}
