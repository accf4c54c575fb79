import type { Running } from './supervise.ts';

/** What is printed once everything runs. */
export function banner(running: Running): string {
  const lines = [
    ['Browser', running.url],
    ['psql', `psql -h ${running.host} -p ${running.sqlPort} -U root default`],
    ...(running.embedded === null
      ? []
      : [
          ['PostgreSQL', `${running.embedded.url}  (the embedded one)`],
          ['', `its password is in ${running.embedded.passwordFile}`],
        ]),
    ['Data', running.dataDir],
  ];
  return [
    '',
    'Holdfast is ready. Log in as root.',
    '',
    ...lines.map(([label = '', value = '']) => `  ${label.padEnd(12)}${value}`),
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

/** How root's generated password is told, the only time it is. */
export function firstPasswordNotice(password: string): string {
  return `\n  root's password: ${password}\n  Write it down: it is not shown again.\n`;
}
