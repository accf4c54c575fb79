import { expect, it } from 'vitest';
import { ddlText } from './ddl-text.ts';

const name = (text: string) => ({ database: 'bank', schema: 'public', name: text });

it('puts each phase under a comment, and says what a statement lacks, on one line', () => {
  expect(
    ddlText([
      { phase: 'create', sql: 'CREATE TABLE a (id int)', lacks: [] },
      { phase: 'keys', sql: 'ALTER TABLE a ADD PRIMARY KEY (id)', lacks: [] },
      {
        phase: 'foreign-keys',
        sql: 'ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b',
        lacks: [name('b\nDROP')],
      },
      { phase: 'foreign-keys', sql: 'ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES c', lacks: [] },
    ]),
  ).toBe(
    [
      '-- First, before the rows',
      'CREATE TABLE a (id int);',
      '',
      '-- After the rows: keys',
      'ALTER TABLE a ADD PRIMARY KEY (id);',
      '',
      '-- Then foreign keys',
      '-- needs bank.public."b DROP", which the backup does not have:',
      'ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b;',
      'ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES c;',
    ].join('\n'),
  );
});

it('has no comment where there is one phase only', () => {
  expect(ddlText([{ phase: 'create', sql: 'CREATE VIEW v AS SELECT 1', lacks: [] }])).toBe(
    'CREATE VIEW v AS SELECT 1;',
  );
  expect(ddlText([])).toBe('');
});
