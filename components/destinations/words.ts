import type { ProbeReport, ProbeStep } from '../../server/storage/probe.ts';
import type { Kind, LoginChoice } from './fields.ts';

export const KIND_NAME: Readonly<Record<Kind, string>> = {
  s3: 'Amazon S3 or compatible',
  azure: 'Azure Blob Storage',
  gs: 'Google Cloud Storage',
  http: 'HTTP or WebDAV',
  nodelocal: 'Directory (NFS)',
};

/** The kind of storage that a URL of the console's is of. */
export function kindOf(url: string): Kind {
  const scheme = url.split(':', 1)[0];
  switch (scheme) {
    case 's3':
    case 'azure':
    case 'gs':
    case 'nodelocal':
      return scheme;
    default:
      return 'http';
  }
}

/** What one logs in with, in the form. */
export function loginName(kind: Kind, login: LoginChoice): string {
  switch (login) {
    case 'keys':
      return 'Access key';
    case 'key':
      return kind === 'gs' ? 'Service account key' : 'Account key';
    case 'sas':
      return 'Shared access signature (SAS)';
    case 'implicit':
      return 'What the machine is allowed';
    case 'basic':
      return 'User and password';
    case 'bearer':
      return 'Bearer token';
    case 'none':
      return 'No log-in';
  }
}

const STEP_NAME: Readonly<Record<ProbeStep['step'], string>> = {
  write: 'Connect and write a file',
  read: 'Read it back, whole and in part',
  list: 'List it',
  keep: 'Never write over it',
  remove: 'Remove it',
};

export function stepName(step: ProbeStep['step']): string {
  return STEP_NAME[step];
}

/** What a test came to, in a sentence. */
export function verdict(report: ProbeReport): string {
  if (!report.ok) return 'Backups can’t go there';
  return hasWarning(report) ? 'Backups can go there, with one thing to know' : 'Backups can go there';
}

export function hasWarning({ steps }: ProbeReport): boolean {
  return steps.some(({ outcome }) => outcome === 'warning');
}
