import { expect, it } from 'vitest';
import { zoneSettings } from './zones.ts';

it('reads the settings of a zone configuration as CockroachDB prints it', () => {
  const sql = `ALTER TABLE bank.public.bank CONFIGURE ZONE USING
	gc.ttlseconds = 600,
	num_replicas = 5,
	constraints = '{"+zone=z1,a": 1}',
	lease_preferences = '[]'`;
  expect(Object.fromEntries(zoneSettings(sql))).toEqual({
    'gc.ttlseconds': '600',
    num_replicas: '5',
    constraints: `'{"+zone=z1,a": 1}'`,
    lease_preferences: `'[]'`,
  });
  expect(zoneSettings('').size).toBe(0);
});
