import { HoldfastError } from '../../../errors.ts';
import type { Prerequisite } from '../../cluster.ts';
import type { Session } from '../session.ts';

const SETTING = 'kv.rangefeed.enabled';
const TURN_ON = `SET CLUSTER SETTING ${SETTING} = true`;

/** Whether the cluster's ranges tell their changes: https://www.cockroachlabs.com/docs/v21.1/stream-data-out-of-cockroachdb-using-changefeeds#enable-rangefeeds */
export async function rangefeedsEnabled(session: Session): Promise<boolean> {
  const rows = await session.rows<{ value: string }>(
    'read a cluster setting',
    `SELECT value FROM crdb_internal.cluster_settings WHERE variable = $1`,
    [SETTING],
  );
  return rows[0]?.value === 'true';
}

/** Implements Cluster.prerequisites. */
export async function readPrerequisites(session: Session): Promise<Prerequisite[]> {
  return [
    {
      id: 'rangefeeds',
      name: 'Rangefeeds',
      met: await rangefeedsEnabled(session),
      detail:
        'With rangefeeds the cluster tells which rows changed since a base, and an incremental backup reads only these. ' +
        'Without them every range is read as of both moments and compared. They cost writes a few percent.',
      action: TURN_ON,
    },
  ];
}

/** Implements Cluster.meet. */
export async function meet(session: Session, id: string): Promise<void> {
  if (id !== 'rangefeeds')
    throw new HoldfastError('unsupported', `there is no '${id}' to turn on in CockroachDB`);
  await session.run('turn rangefeeds on', TURN_ON);
}
