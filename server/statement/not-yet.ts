/** What CockroachDB takes, or this port of a database, and Holdfast does not: refused by name, by its first words. */
interface Refused {
  words: string[];
  what: string;
  hint: string;
}

const OWN_URL = "Give each backup a URL of its own: BACKUP … TO 'url'.";
const SCHEDULES = 'Until then, let cron or a systemd timer send the BACKUP statement with psql.';

const NOT_YET: Refused[] = [
  { words: ['alter', 'backup'], what: 'ALTER BACKUP', hint: 'A finished backup is never changed.' },
  { words: ['alter', 'schedule'], what: 'ALTER SCHEDULE', hint: SCHEDULES },
  { words: ['backup', 'into'], what: 'BACKUP INTO', hint: OWN_URL },
  {
    words: ['backup', 'to'],
    what: 'BACKUP of a whole cluster',
    hint: "Name the databases: BACKUP DATABASE a, b TO 'url'.",
  },
  { words: ['create', 'schedule'], what: 'CREATE SCHEDULE', hint: SCHEDULES },
  { words: ['drop', 'schedule'], what: 'DROP SCHEDULE', hint: SCHEDULES },
  { words: ['drop', 'schedules'], what: 'DROP SCHEDULES', hint: SCHEDULES },
  { words: ['pause', 'schedule'], what: 'PAUSE SCHEDULE', hint: SCHEDULES },
  { words: ['pause', 'schedules'], what: 'PAUSE SCHEDULES', hint: SCHEDULES },
  {
    words: ['restore', 'from'],
    what: 'RESTORE of a whole cluster',
    hint: "Name the databases: RESTORE DATABASE a, b FROM 'url'.",
  },
  { words: ['resume', 'schedule'], what: 'RESUME SCHEDULE', hint: SCHEDULES },
  { words: ['resume', 'schedules'], what: 'RESUME SCHEDULES', hint: SCHEDULES },
  { words: ['show', 'automatic', 'jobs'], what: 'SHOW AUTOMATIC JOBS', hint: 'Use SHOW JOBS.' },
  { words: ['show', 'backup', 'files'], what: 'SHOW BACKUP FILES', hint: "Use SHOW BACKUP 'url'." },
  { words: ['show', 'backup', 'from'], what: 'SHOW BACKUP FROM', hint: "Use SHOW BACKUP 'url'." },
  { words: ['show', 'backup', 'ranges'], what: 'SHOW BACKUP RANGES', hint: "Use SHOW BACKUP 'url'." },
  {
    words: ['show', 'backups'],
    what: 'SHOW BACKUPS IN',
    hint: "Use SHOW BACKUP 'url', or SHOW JOBS for what was backed up where.",
  },
  { words: ['show', 'jobs', 'for'], what: 'SHOW JOBS FOR SCHEDULE', hint: 'Use SHOW JOBS.' },
  { words: ['show', 'schedule'], what: 'SHOW SCHEDULE', hint: SCHEDULES },
  { words: ['show', 'schedules'], what: 'SHOW SCHEDULES', hint: SCHEDULES },
];

/** The entry that the statement's first words (lower case) fall under, if any. */
export function notYet(words: string[]): Refused | undefined {
  return NOT_YET.find((entry) => entry.words.every((word, index) => words[index] === word));
}
