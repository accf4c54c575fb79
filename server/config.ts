import path from 'node:path';
import { z } from 'zod';
import { parseSimulatedUrl } from './cluster/simulated/url.ts';
import { HoldfastError, messageOf } from './errors.ts';
import type { Limits } from './jobs/limits.ts';

/** Everything that is set from outside, read once a process and passed on. */
export interface Config {
  /** Absolute. Embedded PostgreSQL, secret key, logs and, unless set otherwise, nodelocal files. */
  dataDir: string;
  /** The cluster to register as `default`; null for the embedded PostgreSQL. Holds credentials. */
  clusterUrl: string | null;
  /** The metadata store; null for the embedded PostgreSQL. Holds credentials. */
  metadataUrl: string | null;
  /** Absolute. Root of `nodelocal` locations. */
  externDir: string;
  /** Address that the console and the SQL endpoint listen on. */
  host: string;
  port: number;
  sqlPort: number;
  embeddedPort: number;
  /** Root's first password; null to have one generated. */
  rootPassword: string | null;
  /** How many tasks one engine runs at a time. */
  engineTasks: number;
  /** Where this engine is, as CockroachDB's nodes say it: `region=eu,zone=b`; empty for nowhere in particular. */
  locality: string;
  /** How many tasks run at once over all engines. */
  limits: Limits;
  /** How long a job in which nothing moves is tried on with before it pauses, in milliseconds. */
  patienceMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const port = (fallback: number) => integer(1, 65535, 'is not a port (1 to 65535)').default(fallback);

function integer(min: number, max: number, problem: string) {
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: (issue) => `${JSON.stringify(issue.input)} ${problem}`,
    })
    .transform(Number);
}

/** A URL of one of these schemes. The text stays out of the message: it may hold a password. */
function url(...schemes: string[]) {
  return z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol), {
    error: `is not a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
  });
}

const MOST_TASKS = 10_000;
const tasks = integer(1, MOST_TASKS, `is not a number of tasks (1 to ${MOST_TASKS})`);

const environmentSchema = z.object({
  HOLDFAST_DATA_DIR: z.string().default('data'),
  HOLDFAST_CLUSTER_URL: url('postgresql:', 'postgres:', 'cockroachdb:', 'cockroach:', 'simulated:')
    .superRefine((text, context) => {
      if (!text.toLowerCase().startsWith('simulated:')) return;
      try {
        parseSimulatedUrl(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: messageOf(error) });
      }
    })
    .optional(),
  HOLDFAST_METADATA_URL: url('postgresql:', 'postgres:').optional(),
  HOLDFAST_EXTERN_DIR: z.string().optional(),
  HOLDFAST_HOST: z
    .string()
    .regex(/^[\w.:%-]+$/, {
      error: (issue) => `${JSON.stringify(issue.input)} is not a host name or an address`,
    })
    .default('127.0.0.1'),
  HOLDFAST_PORT: port(3000),
  HOLDFAST_SQL_PORT: port(26256),
  HOLDFAST_EMBEDDED_PORT: port(26255),
  HOLDFAST_ROOT_PASSWORD: z
    .string()
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    .regex(/^[^\u0000-\u001f\u007f]+$/, { error: 'holds control characters, which nobody can type' })
    .optional(),
  HOLDFAST_ENGINE_TASKS: integer(1, 64, 'is not a number of tasks (1 to 64)').default(4),
  // As `cockroach start --locality` takes it: https://www.cockroachlabs.com/docs/v21.1/cockroach-start#locality
  HOLDFAST_LOCALITY: z
    .string()
    .regex(/^[^=,\s]+=[^=,\s]+(,[^=,\s]+=[^=,\s]+)*$/, {
      error: (issue) => `${JSON.stringify(issue.input)} is not a locality such as region=eu,zone=b`,
    })
    .default(''),
  HOLDFAST_NODE_TASKS: tasks.default(12),
  HOLDFAST_JOB_TASKS: tasks.default(MOST_TASKS),
  HOLDFAST_TASKS: tasks.default(MOST_TASKS),
  HOLDFAST_PATIENCE: integer(10, 86_400, 'is not a number of seconds (10 to 86400)').default(600),
});

const PORTS = ['HOLDFAST_PORT', 'HOLDFAST_SQL_PORT', 'HOLDFAST_EMBEDDED_PORT'] as const;

/**
 * The configuration of this process. A variable set to nothing counts as not set; relative paths are relative
 * to `cwd`. Throws `invalid-value` with one line for each variable that is wrong, never with a secret in it.
 */
export function readConfig(environment: Environment = process.env, cwd: string = process.cwd()): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(set);
  if (!parsed.success) {
    throw wrong(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  }
  const values = parsed.data;
  const clashes = PORTS.flatMap((name, index) =>
    PORTS.slice(0, index)
      .filter((earlier) => values[earlier] === values[name])
      .map((earlier) => `${name}: ${values[name]} is the port of ${earlier} too`),
  );
  if (clashes.length > 0) throw wrong(clashes);

  const dataDir = path.resolve(cwd, values.HOLDFAST_DATA_DIR);
  return {
    dataDir,
    clusterUrl: values.HOLDFAST_CLUSTER_URL ?? null,
    metadataUrl: values.HOLDFAST_METADATA_URL ?? null,
    externDir: path.resolve(cwd, values.HOLDFAST_EXTERN_DIR ?? path.join(dataDir, 'extern')),
    host: values.HOLDFAST_HOST,
    port: values.HOLDFAST_PORT,
    sqlPort: values.HOLDFAST_SQL_PORT,
    embeddedPort: values.HOLDFAST_EMBEDDED_PORT,
    rootPassword: values.HOLDFAST_ROOT_PASSWORD ?? null,
    engineTasks: values.HOLDFAST_ENGINE_TASKS,
    locality: values.HOLDFAST_LOCALITY,
    limits: {
      node: values.HOLDFAST_NODE_TASKS,
      job: values.HOLDFAST_JOB_TASKS,
      all: values.HOLDFAST_TASKS,
    },
    patienceMs: values.HOLDFAST_PATIENCE * 1000,
  };
}

function wrong(lines: string[]): HoldfastError {
  return new HoldfastError('invalid-value', lines.join('\n'), {
    hint: 'Set the variable to a value that fits, or unset it to get its default.',
  });
}
