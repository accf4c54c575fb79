import { expect, it } from 'vitest';
import { parsePlace, assertOpens } from '../../server/destinations/draft.ts';
import { HoldfastError } from '../../server/errors.ts';
import { fieldOfProblem } from './field-problem.ts';
import { emptyFields, type Kind, type PlaceFields } from './fields.ts';
import { bearerOf, urlOf } from './url-of.ts';

const GOOD: Readonly<Record<Kind, PlaceFields>> = {
  s3: { ...emptyFields('s3'), container: 'bucket', accessKeyId: 'AK', secretAccessKey: 'hush', region: 'eu' },
  azure: { ...emptyFields('azure'), container: 'files', account: 'acme', accountKey: 'aHVzaA==' },
  gs: { ...emptyFields('gs'), container: 'bucket', login: 'implicit', endpoint: 'http://h' },
  http: { ...emptyFields('http'), container: 'host' },
  nodelocal: { ...emptyFields('nodelocal'), path: 'x' },
};

/** What the console says of the fields. */
function problemOf(fields: PlaceFields): HoldfastError | null {
  try {
    assertOpens(parsePlace({ url: urlOf(fields), bearer: bearerOf(fields) }, null));
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

it.each(Object.values(GOOD))('has nothing against $kind', (fields) => {
  expect(problemOf(fields)).toBeNull();
});

it.each<[Kind, Partial<PlaceFields>, keyof PlaceFields]>([
  ['s3', { container: '' }, 'container'],
  ['s3', { container: 'b' }, 'container'],
  ['s3', { path: 'a//b' }, 'path'],
  ['s3', { path: '../b' }, 'path'],
  ['s3', { path: 'a\\b' }, 'path'],
  ['s3', { accessKeyId: '' }, 'accessKeyId'],
  ['s3', { secretAccessKey: '' }, 'secretAccessKey'],
  ['s3', { accessKeyId: '', secretAccessKey: '' }, 'secretAccessKey'],
  ['s3', { endpoint: 'minio:9000' }, 'endpoint'],
  ['s3', { endpoint: 'http://me:hush@minio' }, 'endpoint'],
  ['azure', { container: 'No' }, 'container'],
  ['azure', { account: '' }, 'account'],
  ['azure', { account: 'A!' }, 'account'],
  ['azure', { accountKey: '' }, 'accountKey'],
  ['azure', { accountKey: 'hu!sh' }, 'accountKey'],
  ['azure', { login: 'sas' }, 'sasToken'],
  ['azure', { endpoint: 'x' }, 'endpoint'],
  ['gs', { container: 'No' }, 'container'],
  ['gs', { login: 'key', keyFile: '{"type":"user"}' }, 'keyFile'],
  ['gs', { endpoint: 'ftp://h' }, 'endpoint'],
  ['http', { container: 'a:b:c' }, 'container'],
  ['http', { login: 'bearer', bearer: 'a b' }, 'bearer'],
  ['http', { path: 'a//b' }, 'path'],
  ['nodelocal', { path: '../x' }, 'path'],
])('puts what is wrong with %s beside its field: %j', (kind, change, field) => {
  const fields = { ...GOOD[kind], ...change };
  const problem = problemOf(fields);
  if (problem === null) throw new Error('nothing is wrong');
  expect(fieldOfProblem(fields, { field: problem.field ?? null, message: problem.message })).toBe(field);
  expect(`${problem.message} ${problem.hint}`).not.toContain('hush');
});
