'use client';
import { Button, Card, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { DestinationFormModal } from '../destinations/destination-form.tsx';
import type { SavedDestination } from '../destinations/form-values.ts';
import { saysSecret } from '../destinations/taken-apart.ts';
import { BesideInput } from '../ui/beside-input.tsx';
import type { ImportSource } from './use-scan.ts';

const BY_URL = 'url';

/** Where to look: a saved destination, or any URL; a destination can be added first. */
export function ImportWhere({
  destinations,
  busy,
  onLook,
}: {
  destinations: readonly SavedDestination[];
  busy: boolean;
  onLook: (source: ImportSource) => void;
}) {
  const [chosen, choose] = useState<string | null>(null);
  const [url, setUrl] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const value = chosen ?? destinations[0]?.id ?? BY_URL;
  const saved = destinations.find(({ id }) => id === value);

  function look() {
    if (saved !== undefined) return onLook({ kind: 'saved', id: saved.id });
    if (url.trim() !== '') return onLook({ kind: 'url', url: url.trim() });
    setError('Enter a URL, such as s3://bucket/backups?AWS_ACCESS_KEY_ID=…&AWS_SECRET_ACCESS_KEY=….');
    field.current?.focus();
  }

  return (
    <Card
      component="form"
      aria-label="Where to look"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        look();
      }}
    >
      <Stack gap="md">
        <Title order={2}>Where to look</Title>
        <Select
          label="Destination"
          data={[
            ...(destinations.length === 0
              ? []
              : [
                  {
                    group: 'Saved destinations',
                    items: destinations.map(({ id, name }) => ({ value: id, label: name })),
                  },
                ]),
            { group: 'Other places', items: [{ value: BY_URL, label: 'A URL' }] },
          ]}
          value={value}
          onChange={(next) => next !== null && choose(next)}
          allowDeselect={false}
          description={saved?.url}
          inputContainer={(input) => (
            <BesideInput input={input}>
              <Button
                variant="default"
                leftSection={<IconPlus size={16} aria-hidden />}
                onClick={() => setAdding(true)}
              >
                Add a destination
              </Button>
            </BesideInput>
          )}
        />
        {saved === undefined && (
          <TextInput
            ref={field}
            label="URL"
            placeholder="s3://bucket/backups?AWS_ACCESS_KEY_ID=…"
            value={url}
            onChange={(event) => {
              setUrl(event.currentTarget.value);
              setError(null);
            }}
            error={error}
            description={
              saysSecret(url)
                ? 'Its credentials are kept encrypted with each backup that is imported. Added as a destination, they are kept once.'
                : 'Of a bucket, a directory, or a single backup.'
            }
            spellCheck={false}
            autoComplete="off"
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
        )}
        <Group gap="md">
          <Button type="submit" leftSection={<IconSearch size={16} aria-hidden />} loading={busy}>
            Look for backups
          </Button>
          <Text size="sm" c="dimmed">
            Nothing is written there.
          </Text>
        </Group>
      </Stack>
      <DestinationFormModal
        opened={adding}
        onClose={() => setAdding(false)}
        onSaved={({ id }) => {
          setAdding(false);
          choose(id);
        }}
      />
    </Card>
  );
}
