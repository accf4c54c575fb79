import { pino } from 'pino';
import type { Logger } from 'pino';
import { HoldfastError, messageOf } from './errors.ts';

/** A process of Holdfast that has been started. */
export interface Role {
  /** Ends it in good order, within five seconds. */
  stop(): Promise<void>;
}

const STOP_MS = 5_000;

/**
 * Runs one role of Holdfast as this process: tells a parent over IPC when it is up or why it isn't, ends on
 * SIGTERM and SIGINT, and when the parent goes away, so that it never outlives it.
 */
export function runProcess(name: string, start: (logger: Logger) => Promise<Role>): void {
  const logger = pino({ name });
  let stopping = false;
  let role: Role | null = null;

  const stop = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'stopping');
    setTimeout(() => {
      logger.warn('did not stop in time');
      process.exit(1);
    }, STOP_MS).unref();
    (role?.stop() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => {
    stop('SIGTERM');
  });
  process.on('SIGINT', () => {
    // Ctrl-C reaches the whole group; a supervised process waits for its supervisor's word.
    if (process.connected) return;
    stop('SIGINT');
  });
  process.on('disconnect', () => {
    stop('the supervisor is gone');
  });
  // Gone while this process was being loaded: nobody tells that any more.
  if (process.send !== undefined && !process.connected) stop('the supervisor is gone');
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught');
    process.exit(1);
  });

  if (stopping) return;
  start(logger).then(
    (started) => {
      role = started;
      logger.info('ready');
      process.send?.({ type: 'ready' });
    },
    (error: unknown) => {
      const message =
        error instanceof HoldfastError && error.hint !== undefined
          ? `${error.message} ${error.hint}`
          : messageOf(error);
      logger.fatal({ err: error }, 'could not start');
      if (process.send === undefined) process.exit(1);
      process.send({ type: 'failed', message }, undefined, undefined, () => process.exit(1));
    },
  );
}
