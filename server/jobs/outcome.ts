import { HoldfastError } from '../errors.ts';

/** Root asked the job to cancel. */
export class CancelRequested extends Error {
  constructor() {
    super('the job was asked to cancel');
    this.name = 'CancelRequested';
  }
}

/** This engine is stopping: another one takes the job over. */
export class EngineStopping extends Error {
  constructor() {
    super('the engine is stopping');
    this.name = 'EngineStopping';
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

/** True for what `checkOnJob` throws on purpose: the job must not go on here. */
export function isOrder(reason: unknown): boolean {
  return (
    reason instanceof CancelRequested || reason instanceof EngineStopping || reason instanceof Superseded
  );
}

/** True for failures that may pass by themselves: the same work is worth another try. */
export function mayPass(error: unknown): boolean {
  return (
    error instanceof HoldfastError &&
    (error.code === 'cluster-unavailable' || error.code === 'storage-unavailable')
  );
}
