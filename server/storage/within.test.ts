import { expect, it } from 'vitest';
import { parseDestination, parseLocation } from './location.ts';
import { below, besideAsBefore } from './within.ts';

const KEYS = 'AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush';

it.each([
  [
    `s3://bucket/a b?${KEYS}&AWS_REGION=eu`,
    ['ü', "o'clock"],
    's3://bucket/a%20b/%C3%BC/o%27clock?AWS_REGION=eu',
  ],
  [`s3://bucket?${KEYS}`, ['x'], 's3://bucket/x'],
  ['nodelocal://self/', ['x', 'y'], 'nodelocal://self/x/y'],
  ['https://me:hush@host:8443/a', ['b#c'], 'https://host:8443/a/b%23c'],
])('finds what lies below %s', (url, parts, redacted) => {
  const place = parseDestination(url);
  const found = below(place, parts);
  expect(found.redacted).toBe(redacted);
  // It says itself where it is, and keeps what opens it.
  expect(parseLocation(redacted)).toMatchObject({ path: found.path, redacted });
  expect({ ...found, path: '', redacted: '' }).toEqual({ ...place, path: '', redacted: '' });
});

it.each([
  // A bucket that was copied, or renamed.
  ['s3://new/nightly/inc', 's3://old/nightly/inc', 's3://old/nightly/full', 's3://new/nightly/full'],
  // Mounted elsewhere, further down or further up.
  ['nodelocal://self/copy/of/n/inc', 's3://old/n/inc', 's3://old/n/full', 'nodelocal://self/copy/of/n/full'],
  ['s3://new/inc', 's3://old/deep/n/inc', 's3://old/deep/n/full', 's3://new/full'],
  // Layers in directories of their own, and in each other.
  ['s3://new/2026/inc/b', 's3://old/inc/b', 's3://old/full/a', 's3://new/2026/full/a'],
  ['s3://new/x/full/inc', 's3://old/full/inc', 's3://old/full', 's3://new/x/full'],
  ['nodelocal://1/x/b', 'nodelocal://self/b', 'nodelocal://2/a', 'nodelocal://1/x/a'],
])('looks for a layer beside %s as it was', (newest, was, recorded, expected) => {
  const found = besideAsBefore(parseLocation(newest), parseLocation(was), parseLocation(recorded));
  expect(found?.redacted).toBe(expected);
});

it.each([
  ['s3://new/inc', 's3://old/inc', 's3://older/full'],
  ['s3://new/inc', 's3://old/a/b/inc', 's3://old/full'],
  ['s3://new/inc', 's3://old/inc', 's3://old/full?AWS_ENDPOINT=http://h'],
])('tells nothing of %s, which was %s, and %s', (newest, was, recorded) => {
  expect(besideAsBefore(parseLocation(newest), parseLocation(was), parseLocation(recorded))).toBeNull();
});
