import { expect, it } from 'vitest';
import type { SavedDestination } from '../destinations/form-values.ts';
import { draftSchema, keptDraft } from './draft.ts';
import { baseOf, savedValue, storageOf } from './storage.ts';

const offsite: SavedDestination = {
  id: '1',
  name: 'Offsite',
  url: 's3://bucket/nightly',
  login: 'keys',
  createdAt: '2026-11-22T14:10:00Z',
  lastTest: null,
};

it('is what was chosen, else the first saved one, else a directory', () => {
  expect(baseOf(storageOf(null, []))).toBe('nodelocal://self/');
  expect(baseOf(storageOf(null, [offsite]))).toBe('s3://bucket/nightly');
  expect(baseOf(storageOf('nodelocal', [offsite]))).toBe('nodelocal://self/');
  expect(baseOf(storageOf(savedValue('1'), [offsite]))).toBe('s3://bucket/nightly');
  expect(baseOf(storageOf('url', [offsite]))).toBeNull();
  // Removed meanwhile.
  expect(storageOf(savedValue('2'), [offsite]).kind).toBe('url');
});

it('keeps no secret of a pasted URL over a reload', () => {
  const draft = draftSchema.parse({
    cluster: null,
    picked: {},
    destination: null,
    suggestedAt: '',
    asOf: null,
  });
  expect(keptDraft(draft)).toEqual(draft);
  const pasted = 's3://bucket/x?AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=hush&AWS_REGION=eu';
  expect(keptDraft({ ...draft, destination: pasted }).destination).toBe('s3://bucket/x?AWS_REGION=eu');
  for (const odd of [
    's3://bucket/x?AWS_SECRET=hush',
    'https://me:hu/sh@host/x',
    'AWS_SECRET_ACCESS_KEY=hush',
  ])
    expect(JSON.stringify(keptDraft({ ...draft, destination: odd }))).not.toMatch(/hush|hu\/sh/);
});
