import { expect, it } from 'vitest';
import { parseDestination, parseLocation } from '../storage/location.ts';
import { childOf, parentOf, placeOf, serverOf } from './place.ts';

const KEYS = 'AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush';
const MINIO = 'AWS_ENDPOINT=http://minio:9000';
const AZURE = 'AZURE_ACCOUNT_NAME=acme&AZURE_ACCOUNT_KEY=aHVzaA==';

it('tells places and servers apart', () => {
  const place = (url: string): string => placeOf(parseDestination(url));
  expect(place('nodelocal://self/a')).toBe(place('nodelocal://1/a/'));
  expect(place(`s3://bucket/a?${KEYS}&AWS_REGION=eu`)).toBe(place('s3://bucket/a?AUTH=implicit'));
  expect(place('s3://bucket/a?AUTH=implicit')).not.toBe(place('s3://bucket/a/b?AUTH=implicit'));
  expect(place('http://u:p@h/a')).toBe(place('http://h:80/a'));
  const server = (url: string): string => serverOf(parseDestination(url));
  expect(server(`s3://aa?${KEYS}`)).toBe(server(`s3://bucket/c?${KEYS}`));
  expect(server(`s3://aa?${KEYS}`)).not.toBe(server(`s3://aa?${KEYS}&${MINIO}`));
  expect(server(`azure://files?${AZURE}`)).not.toBe(
    server(`azure://files?${AZURE.replace('acme', 'other')}`),
  );
  expect(server('http://h/a')).not.toBe(server('https://h/a'));
});

it.each([
  [
    's3://bucket/nightly/x y/bank?AWS_ENDPOINT=http://h/p',
    's3://bucket/nightly/x%20y?AWS_ENDPOINT=http://h/p',
    'nightly/x y',
  ],
  ['s3://bucket/bank', 's3://bucket', ''],
  ['nodelocal://self/bank', 'nodelocal://self/', ''],
  ['nodelocal:///a/bank', 'nodelocal:///a', 'a'],
  ['http://u:p@h:8080/bank', 'http://h:8080', ''],
])('finds what %s is in', (url, redacted, path) => {
  const parent = parentOf(parseLocation(url));
  expect(parent).toMatchObject({ path });
  // Printed by another hand, the same place.
  expect(parseDestination(parent.redacted).redacted).toBe(parseDestination(redacted).redacted);
});

it.each([
  's3://bucket?AUTH=implicit',
  's3://bucket/a b?AWS_ENDPOINT=http://h/p',
  'nodelocal:///',
  'nodelocal://self/a',
  'https://host',
])('goes down from %s', (url) => {
  const child = childOf(parseDestination(url), '.probe');
  expect(child).toEqual(parseLocation(child.redacted));
  expect(placeOf(parentOf(child))).toBe(placeOf(parseDestination(url)));
});
