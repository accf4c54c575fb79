import type { MissingDependency, TargetCheck } from '../backup/selection.ts';
import type { Cluster, ClusterInfo, ClusterKind, RestoreGround } from '../cluster/cluster.ts';
import { quoteIdent } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';
import { compareUsers } from './compare-users.ts';
import type { RestoreItem } from './plan.ts';

/** What is told of the cluster that is restored into, beside the names and dependencies of the objects. */
export interface Grounds {
  checks: TargetCheck[];
  problems: HoldfastError[];
  warnings: string[];
}

const PRODUCT: Record<ClusterKind, string> = {
  postgres: 'PostgreSQL',
  cockroachdb: 'CockroachDB',
  simulated: 'a simulated cluster',
};

/** Names listed; the rest are counted. */
const SHOWN = 5;

/**
 * Checks what a restore stands on in a cluster that can be restored into: its version, what its user may do, the users of the
 * backup, and the room that there is for `bytes` of rows.
 */
export async function checkGround(
  cluster: Pick<Cluster, 'users' | 'restoreGround'>,
  info: ClusterInfo,
  manifest: Manifest,
  {
    items,
    isThere,
    createsDatabases,
    bytes,
  }: {
    items: readonly RestoreItem[];
    /** Of databases. */
    isThere: (database: string) => boolean;
    createsDatabases: string[];
    bytes: number;
  },
): Promise<Grounds> {
  const into = items
    .map(({ target }) => ({ database: target.database, schema: target.schema }))
    .filter(({ database }) => isThere(database));
  const ground = await cluster.restoreGround(unique(into));
  const problems = rightsProblems(ground, info, createsDatabases);
  const version = checkVersion(info, manifest);
  const space = checkSpace(ground, bytes);
  return {
    checks: [
      version,
      {
        what: 'rights',
        verdict: problems.length === 0 ? 'good' : 'bad',
        words: problems[0]?.message ?? `user ${quoteIdent(info.user)} may create what is restored`,
      },
      await checkUsers(cluster, info, manifest),
      space,
    ],
    problems,
    warnings: [version, space].filter(({ verdict }) => verdict === 'warning').map(({ words }) => words),
  };
}

/** Whether a backup of that kind can be restored into the cluster at all. */
export function engineCheck({ kind }: ClusterInfo, refused: HoldfastError | null): TargetCheck {
  return {
    what: 'engine',
    verdict: refused === null ? 'good' : 'bad',
    words: refused?.message ?? `a backup of this kind can be restored into ${PRODUCT[kind]}`,
  };
}

/** What became of the names and the dependencies of the objects. */
export function objectChecks(
  problems: readonly HoldfastError[],
  missing: readonly MissingDependency[],
): TargetCheck[] {
  const taken = problems.filter(({ code }) => code === 'duplicate-object' || code === 'duplicate-database');
  const lacking = problems.filter(({ code }) => code === 'missing-dependency');
  const counted = (count: number, one: string, many: string) => (count === 1 ? one : `${count} ${many}`);
  return [
    taken.length > 0
      ? { what: 'names', verdict: 'bad', words: counted(taken.length, '1 name is taken', 'names are taken') }
      : { what: 'names', verdict: 'good', words: 'no name is taken' },
    lacking.length > 0
      ? {
          what: 'dependencies',
          verdict: 'bad',
          words: counted(lacking.length, '1 dependency is missing', 'dependencies are missing'),
        }
      : missing.length > 0
        ? {
            what: 'dependencies',
            verdict: 'warning',
            words: `done without ${counted(missing.length, '1 missing dependency', 'missing dependencies')}`,
          }
        : { what: 'dependencies', verdict: 'good', words: 'complete' },
  ];
}

function unique(
  into: readonly { database: string; schema: string }[],
): { database: string; schema: string }[] {
  return [...new Map(into.map((each) => [JSON.stringify(each), each])).values()];
}

function rightsProblems(
  { createsDatabases: may, closed }: RestoreGround,
  { user, kind }: ClusterInfo,
  creates: readonly string[],
): HoldfastError[] {
  const refused = (message: string, hint: string): HoldfastError =>
    new HoldfastError('cluster-denied', message, { field: 'intoDb', hint });
  const name = quoteIdent(user);
  const problems = closed.map(({ database, schema }) => {
    const where = schema === null ? `DATABASE ${quoteIdent(database)}` : `SCHEMA ${quoteIdent(schema)}`;
    const in_ = schema === null ? quoteIdent(database) : `${quoteIdent(database)}.${quoteIdent(schema)}`;
    return refused(
      `user ${name} may not create anything in ${in_}`,
      `GRANT CREATE ON ${where} TO ${name}, or restore into another database.`,
    );
  });
  const [first] = creates;
  if (may || first === undefined) return problems;
  const alter = kind === 'postgres' ? `ALTER ROLE ${name} CREATEDB` : `ALTER USER ${name} CREATEDB`;
  return [
    refused(
      `user ${name} may not create databases, as ${quoteIdent(first)} would have to be`,
      `${alter}, or restore into a database that is there.`,
    ),
    ...problems,
  ];
}

/** Major versions: `18` of PostgreSQL's 18.4, `21.1` of CockroachDB's 21.1.7. */
function majorOf(kind: ClusterKind, version: string): number[] {
  return version
    .split('.')
    .slice(0, kind === 'cockroachdb' ? 2 : 1)
    .map((part) => Number.parseInt(part, 10));
}

function checkVersion(info: ClusterInfo, { cluster }: Manifest): TargetCheck {
  const product = PRODUCT[info.kind];
  const here = `${product} ${info.version}`;
  if (cluster.kind !== info.kind) return { what: 'version', verdict: 'good', words: here };
  const [theirs, ours] = [majorOf(cluster.kind, cluster.version), majorOf(info.kind, info.version)];
  const place = theirs.findIndex((part, index) => part !== ours[index]);
  const difference = place < 0 ? 0 : (ours[place] ?? 0) - (theirs[place] ?? 0);
  if (difference < 0)
    return {
      what: 'version',
      verdict: 'warning',
      words: `The backup is of ${product} ${cluster.version}, and the cluster runs the older ${info.version}: what came with newer versions can’t be created there. A restore that meets it fails, and removes what it created.`,
    };
  const words =
    difference === 0 ? `${here}, as in the backup` : `${here}, newer than the backup’s ${cluster.version}`;
  return { what: 'version', verdict: 'good', words };
}

async function checkUsers(
  cluster: Pick<Cluster, 'users'>,
  info: ClusterInfo,
  { users, cluster: of }: Manifest,
): Promise<TargetCheck> {
  if (of.kind !== info.kind || users.length === 0)
    return { what: 'users', verdict: 'good', words: 'the backup has no users for this cluster' };
  const missing = compareUsers(users, await cluster.users(), info)
    .filter(({ state }) => state === 'missing')
    .map(({ name }) => quoteIdent(name));
  if (missing.length === 0)
    return { what: 'users', verdict: 'good', words: 'all users of the backup are there' };
  const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : '';
  return {
    what: 'users',
    verdict: 'warning',
    words: `of the backup’s users, ${missing.slice(0, SHOWN).join(', ')}${more} ${missing.length === 1 ? 'is' : 'are'} not there; a restore creates none`,
  };
}

function checkSpace({ freeBytes }: RestoreGround, bytes: number): TargetCheck {
  if (freeBytes === null)
    return {
      what: 'space',
      verdict: 'unknown',
      words: 'how much room the cluster has can’t be told from here',
    };
  const [needed, free] = [gibibytes(bytes), gibibytes(freeBytes)];
  if (bytes <= freeBytes)
    return { what: 'space', verdict: 'good', words: `${free} free, for ${needed} of rows and their indexes` };
  return {
    what: 'space',
    verdict: 'warning',
    words: `There is too little room: ${free} are free, for ${needed} of rows and their indexes.`,
  };
}

function gibibytes(bytes: number): string {
  const unit = bytes < 2 ** 30 ? { size: 2 ** 20, name: 'MiB' } : { size: 2 ** 30, name: 'GiB' };
  return `${(bytes / unit.size).toFixed(1)} ${unit.name}`;
}
