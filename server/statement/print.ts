import { quoteIdent } from '../cluster/names.ts';
import type {
  BackupStatement,
  RestoreStatement,
  Statement,
  TablePattern,
  Targets,
  VerifyStatement,
} from './ast.ts';

export interface PrintOptions {
  /** Applied to every backup URL: pass the location's `redacted` form for whatever people or logs see. */
  redact?: (url: string) => string;
}

/**
 * The statement as text, in the form of CockroachDB's job descriptions. `parseStatements` reads back the same
 * statement (as long as nothing is redacted).
 */
export function printStatement(statement: Statement, options: PrintOptions = {}): string {
  const url = (text: string) => quoteString(options.redact ? options.redact(text) : text);
  switch (statement.kind) {
    case 'backup':
      return printBackup(statement, url);
    case 'restore':
      return printRestore(statement, url);
    case 'drill':
      return `DRILL BACKUP ${statement.urls.map(url).join(', ')}${statement.options.detached ? ' WITH detached' : ''}`;
    case 'verify':
      return printVerify(statement, url);
    case 'show-backup':
      return `SHOW BACKUP ${statement.schemas ? 'SCHEMAS ' : ''}${url(statement.url)}`;
    case 'show-jobs': {
      const ids = statement.ids;
      const when = statement.whenComplete ? ' WHEN COMPLETE' : '';
      if (ids === null) return `SHOW JOBS${when}`;
      return ids.length === 1 ? `SHOW JOB${when} ${ids[0]}` : `SHOW JOBS${when} (${ids.join(', ')})`;
    }
    case 'control-jobs': {
      const { action, ids } = statement;
      const verb = action.toUpperCase();
      return ids.length === 1 ? `${verb} JOB ${ids[0]}` : `${verb} JOBS (${ids.join(', ')})`;
    }
  }
}

type PrintUrl = (url: string) => string;

function printBackup(statement: BackupStatement, url: PrintUrl): string {
  const parts = [`BACKUP ${printTargets(statement.targets)} TO ${url(statement.to)}`];
  if (statement.asOf !== null) parts.push(`AS OF SYSTEM TIME ${quoteString(statement.asOf)}`);
  if (statement.incrementalFrom.length > 0) {
    parts.push(`INCREMENTAL FROM ${statement.incrementalFrom.map(url).join(', ')}`);
  }
  if (statement.options.detached) parts.push('WITH detached');
  return parts.join(' ');
}

function printRestore(statement: RestoreStatement, url: PrintUrl): string {
  const { targets, from, asOf, options } = statement;
  const parts = [`RESTORE ${printTargets(targets)} FROM ${from.map(url).join(', ')}`];
  if (asOf !== null) parts.push(`AS OF SYSTEM TIME ${quoteString(asOf)}`);
  const set = [
    options.intoDb === null ? null : `into_db = ${quoteString(options.intoDb)}`,
    options.createDb ? 'create_db' : null,
    options.skipMissingForeignKeys ? 'skip_missing_foreign_keys' : null,
    options.skipMissingSequences ? 'skip_missing_sequences' : null,
    options.skipMissingViews ? 'skip_missing_views' : null,
    options.detached ? 'detached' : null,
  ].filter((option) => option !== null);
  if (set.length > 0) parts.push(`WITH ${set.join(', ')}`);
  return parts.join(' ');
}

/** The depth is always said: who reads the list of jobs need not know what is meant without it. */
function printVerify({ urls, options: { depth, detached } }: VerifyStatement, url: PrintUrl): string {
  return `VERIFY BACKUP ${urls.map(url).join(', ')} WITH depth = '${depth}'${detached ? ', detached' : ''}`;
}

/** `TABLE a.b.c, a.*` or `DATABASE a, b`. */
export function printTargets(targets: Targets): string {
  return targets.kind === 'databases'
    ? `DATABASE ${targets.names.map(quoteIdent).join(', ')}`
    : `TABLE ${targets.patterns.map(printPattern).join(', ')}`;
}

export function printPattern(pattern: TablePattern): string {
  const parts = [pattern.database, ...(pattern.schema === null ? [] : [pattern.schema])].map(quoteIdent);
  return [...parts, pattern.name === null ? '*' : quoteIdent(pattern.name)].join('.');
}

function quoteString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
