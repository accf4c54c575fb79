import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

export interface Asked {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'MOVE' | 'MKCOL' | 'PROPFIND' | 'OPTIONS';
  /** Absolute, percent-encoded. */
  path: string;
  /** The file that it is about, as of StoreError. */
  about: string | null;
  headers?: Record<string, string | undefined>;
  body?: Readable | string;
  signal?: AbortSignal;
  /** How long the answer may take to begin; 0: whoever asks watches that. As long as a byte may where it isn't given. */
  answerMs?: number;
}

export interface Answer {
  asked: Asked;
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  body: Dispatcher.ResponseData['body'];
}

export function succeeded({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

export function isMissing({ status }: Answer): boolean {
  return status === 404 || status === 410;
}

/** The server doesn't have this method, or not there. */
export function isUnknownMethod({ status }: Answer): boolean {
  return status === 405 || status === 501;
}

export function headerOf({ headers }: Answer, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Null where the answer doesn't say. */
export function contentLength(answer: Answer): number | null {
  const header = headerOf(answer, 'content-length');
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null;
}

/** Null where there is none that can be read. */
export function redirectOf(answer: Answer, origin: string): URL | null {
  const header = headerOf(answer, 'location');
  if (answer.status < 300 || answer.status >= 400 || header === null) return null;
  try {
    return new URL(header, origin + answer.asked.path);
  } catch {
    return null;
  }
}

/** Web servers redirect from a directory's name to the same with a slash at its end, perhaps by another name of the host. */
export function leadsToDirectory(answer: Answer, origin: string): boolean {
  const to = redirectOf(answer, origin)?.pathname;
  if (to === undefined || !to.endsWith('/')) return false;
  try {
    return decodeURIComponent(to) === `${decodeURIComponent(answer.asked.path)}/`;
  } catch {
    return false;
  }
}
