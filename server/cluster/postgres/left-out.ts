import type { KnownObject } from './catalog.ts';
import { PUBLICATION } from './changes/following.ts';
import type { Session } from './session.ts';

interface Counts {
  functions: number;
  eventTriggers: number;
  largeObjects: number;
  publications: number;
}

/** What a database has and no object of its catalog stands for: a backup of the whole database leaves it out. */
export async function leftOutOf(session: Session, objects: KnownObject[]): Promise<string[]> {
  const [counts] = await session.rows<Counts>(
    'count what is left out',
    `SELECT (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
               SELECT FROM pg_depend e
               WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype IN ('e', 'i')))::int AS functions,
            (SELECT count(*) FROM pg_event_trigger t WHERE NOT EXISTS (
               SELECT FROM pg_depend e WHERE e.classid = 'pg_event_trigger'::regclass AND e.objid = t.oid
                 AND e.deptype = 'e'))::int AS "eventTriggers",
            (SELECT count(*) FROM pg_largeobject_metadata)::int AS "largeObjects",
            (SELECT count(*) FROM pg_publication WHERE pubname <> '${PUBLICATION}')::int AS publications`,
  );
  if (counts === undefined) return [];
  const taken = objects.filter(({ kind }) => kind === 'function').length;
  const count = (n: number, one: string, many: string) => (n <= 0 ? [] : [`${n} ${n === 1 ? one : many}`]);
  return [
    ...count(
      counts.functions - taken,
      'function that nothing backed up needs',
      'functions that nothing backed up needs',
    ),
    ...count(counts.eventTriggers, 'event trigger', 'event triggers'),
    ...count(counts.largeObjects, 'large object', 'large objects'),
    ...count(counts.publications, 'publication', 'publications'),
  ];
}
