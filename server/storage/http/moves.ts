import { type Answer, isMissing, isUnknownMethod } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { answerMs } from './sending.ts';

/**
 * How `Destination` is written: as a URL, which every server takes, or as a path (RFC 4918, 10.3), where a proxy that ends TLS makes
 * the URL one that the server doesn't know as its own.
 */
export type Destination = 'url' | 'path';

export interface Moving {
  from: string;
  to: string;
  about: string;
  destination: Destination;
  /** How much a server that copies has to copy. */
  bytes: number;
  signal?: AbortSignal;
}

/** Asks for a file to get another name, unless that is taken (RFC 4918, 9.9 and 10.6). */
export function move(exchange: Exchange, stallMs: number, moving: Moving): Promise<Answer> {
  const { from, to, about, destination, bytes, signal } = moving;
  return exchange.tell({
    method: 'MOVE',
    path: from,
    about,
    headers: { destination: destination === 'url' ? exchange.origin + to : to, overwrite: 'F' },
    signal,
    answerMs: answerMs(bytes, stallMs),
  });
}

/**
 * What the answer to a MOVE of a file that isn't there tells of the server: it has MOVE (those look for the file first), it hasn't,
 * or that has to be tried with a file. Throws what will pass.
 */
export function whatMoveTells(answer: Answer, exchange: Exchange): boolean | 'nothing' {
  if (isMissing(answer) || answer.status === 409) return true;
  if (isUnknownMethod(answer)) return false;
  if ([401, 429, 503, 504].includes(answer.status)) throw exchange.refusal(answer);
  return 'nothing';
}

/** The server turns out not to have MOVE, or not to let us. */
export function refusesMoves(answer: Answer): boolean {
  return isUnknownMethod(answer) || answer.status === 403;
}
