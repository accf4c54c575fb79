import type { HoldfastError } from '../errors.ts';
import type { Column, ColumnType } from '../statement/answers.ts';

/**
 * The messages that the endpoint sends, as bytes:
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** A message: its type, then its body, with the length between them. */
function message(type: string, ...parts: (Buffer | string)[]): Buffer {
  const body = parts.map((part) => (typeof part === 'string' ? cstring(part) : part));
  const length = body.reduce((sum, part) => sum + part.length, 4);
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(length), ...body]);
}

/** A zero byte would end the string early and break the framing. */
function cstring(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '�')}\0`, 'utf8');
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Object ids and lengths of the types, from PostgreSQL's pg_type. -1: as long as it is. */
const TYPES: Record<ColumnType, { oid: number; length: number }> = {
  bool: { oid: 16, length: 1 },
  int8: { oid: 20, length: 8 },
  text: { oid: 25, length: -1 },
  float8: { oid: 701, length: 8 },
  timestamp: { oid: 1114, length: 8 },
  timestamptz: { oid: 1184, length: 8 },
  jsonb: { oid: 3802, length: -1 },
};

/** The columns of the rows to come, all in text format; NoData where there are none. */
export function rowDescription(columns: readonly Column[]): Buffer {
  if (columns.length === 0) return message('n');
  const fields = columns.flatMap(({ name, type }) => [
    cstring(name),
    int32(0), // no table
    int16(0), // nor column of one
    int32(TYPES[type].oid),
    int16(TYPES[type].length),
    int32(-1), // no type modifier
    int16(0), // text format
  ]);
  return message('T', int16(columns.length), ...fields);
}

export function dataRow(values: readonly (string | null)[]): Buffer {
  const fields = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = Buffer.from(value, 'utf8');
    return [int32(bytes.length), bytes];
  });
  return message('D', int16(values.length), ...fields);
}

export const commandComplete = (tag: string) => message('C', tag);
export const emptyQueryResponse = message('I');
export const parseComplete = message('1');
export const bindComplete = message('2');
export const closeComplete = message('3');
export const portalSuspended = message('s');
/** No parameters: the statements take none. */
export const parameterDescription = message('t', int16(0));
/** Never inside a transaction: there are none here. */
export const readyForQuery = message('Z', Buffer.from('I'));

export const parameterStatus = (name: string, value: string) => message('S', name, value);
export const backendKeyData = (processId: number, secret: Buffer) => message('K', int32(processId), secret);

/** Tells a client that asked for protocol 3.n that this is 3.0, and which `_pq_.` parameters it does not know. */
export const negotiateProtocolVersion = (unknown: string[]) =>
  message('v', int32(0), int32(unknown.length), ...unknown);

export interface Fields {
  severity: 'ERROR' | 'FATAL' | 'NOTICE' | 'WARNING';
  /** SQLSTATE, five characters. */
  code: string;
  message: string;
  hint?: string | undefined;
  /** 1-based, in characters. */
  position?: number | undefined;
}

/** https://www.postgresql.org/docs/current/protocol-error-fields.html; `V` is the severity untranslated. */
function fields(type: 'E' | 'N', { severity, code, message: text, hint, position }: Fields): Buffer {
  const parts = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`];
  if (hint !== undefined) parts.push(`H${hint}`);
  if (position !== undefined) parts.push(`P${position}`);
  return message(type, ...parts, '');
}

export const errorResponse = (error: Fields) => fields('E', error);
/** 00000 and 01000: successful completion, warning. */
export const noticeResponse = (severity: 'NOTICE' | 'WARNING', text: string) =>
  fields('N', { severity, code: severity === 'WARNING' ? '01000' : '00000', message: text });

/** An error as its fields. */
export function errorFields(error: HoldfastError, severity: 'ERROR' | 'FATAL' = 'ERROR'): Fields {
  const { sqlState: code, message: text, hint, position } = error;
  return { severity, code, message: text, hint, position };
}
