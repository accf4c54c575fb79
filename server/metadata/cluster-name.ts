import { HoldfastError } from '../errors.ts';

/** What PostgreSQL's clients and servers bear of a database's name: psql is given a cluster's name as one. */
const MOST_BYTES = 63;

/**
 * A name for a cluster as somebody typed it, without blanks around it. Throws `invalid-value` for one that psql
 * couldn't give as a database's name.
 */
export function parseClusterName(text: string): string {
  const name = text.trim();
  const problem = problemOf(name);
  if (problem === null) return name;
  throw new HoldfastError('invalid-value', problem, {
    hint: 'psql takes the name as a database’s: something short like prod-eu is easy to type.',
    field: 'name',
  });
}

function problemOf(name: string): string | null {
  if (name === '') return 'The cluster has no name.';
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) return 'The name has control or invisible characters.';
  if (Buffer.byteLength(name) > MOST_BYTES) return `The name is longer than ${MOST_BYTES} bytes.`;
  // psql would read these as a connection string.
  if (name.includes('=') || /^postgres(ql)?:\/\//i.test(name))
    return 'The name has an equals sign, or looks like a URL: psql would take it for a connection string.';
  return null;
}
