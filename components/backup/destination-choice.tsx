'use client';
import { Alert, Button, Card, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconAlertTriangle, IconKey, IconPlugConnected, IconPlus, IconWand } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type RefObject, useState } from 'react';
import { DestinationFormModal } from '../destinations/destination-form.tsx';
import type { SavedDestination } from '../destinations/form-values.ts';
import { fieldsOf, saysSecret, urlWithoutSecrets } from '../destinations/taken-apart.ts';
import { TestSteps } from '../destinations/test-steps.tsx';
import { urlOf } from '../destinations/url-of.ts';
import { KIND_NAME, kindOf } from '../destinations/words.ts';
import { BesideInput } from '../ui/beside-input.tsx';
import type { Inputs } from '../trpc.ts';
import { describeError, useTRPC } from '../trpc.ts';
import { fieldMessage } from '../ui/errors.tsx';
import { baseOf, savedValue, storageOf, type StorageChoice } from './storage.ts';

interface DestinationChoiceProps {
  saved: readonly SavedDestination[];
  storage: StorageChoice;
  /** What the backup's URL is now, typed or suggested. */
  url: string;
  /** It is the suggested one. */
  suggested: boolean;
  /** What the last check said of it. */
  error: string | null;
  field: RefObject<HTMLInputElement | null>;
  /** `url` null: as suggested for that storage. */
  onStorage: (value: string, url: string | null) => void;
  onUrl: (url: string) => void;
  onSuggest: () => void;
}

/** Where the backup goes: a saved destination, a directory, or any URL; and whether it can go there. */
export function DestinationChoice(props: DestinationChoiceProps) {
  const { saved, storage, url, suggested, error, field, onStorage, onUrl, onSuggest } = props;
  const [adding, setAdding] = useState<{ url?: string } | null>(null);
  const test = usePlaceTest(subjectOf(storage, url));
  const secret = saysSecret(url);
  return (
    <Card component="section" aria-label="Destination">
      <Stack gap="md">
        <Title order={2}>Destination</Title>
        <Select
          label="Storage"
          data={[
            ...(saved.length === 0
              ? []
              : [
                  {
                    group: 'Saved destinations',
                    items: saved.map(({ id, name }) => ({ value: savedValue(id), label: name })),
                  },
                ]),
            {
              group: saved.length === 0 ? 'Storage' : 'Other places',
              items: [
                { value: 'nodelocal', label: 'NFS / nodelocal' },
                { value: 'url', label: 'Another URL' },
              ],
            },
          ]}
          value={storage.value}
          onChange={(value) => {
            if (value === null || value === storage.value) return;
            onStorage(value, baseOf(storageOf(value, saved)) === null ? '' : null);
          }}
          allowDeselect={false}
          description={aboutStorage(storage, url)}
          inputContainer={(input) => (
            <BesideInput input={input}>
              <Button
                variant="default"
                leftSection={<IconPlus size={16} aria-hidden />}
                onClick={() => setAdding({})}
              >
                Add a destination
              </Button>
            </BesideInput>
          )}
        />
        <TextInput
          ref={field}
          label="Backup URL"
          description="A place of its own for each backup: a URL that holds one already is refused."
          placeholder={storage.kind === 'url' ? 's3://bucket/path/bank-1' : undefined}
          value={url}
          onChange={(event) => onUrl(event.currentTarget.value)}
          error={error ?? test.refusal}
          spellCheck={false}
          autoComplete="off"
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
        {secret && (
          <Alert color="blue" role="status" icon={<IconKey />} title="This URL has credentials in it">
            <Stack gap="xs" align="flex-start">
              <Text size="sm">
                They are used for this job alone, and kept encrypted with it; a reload of this page forgets
                them. Saved as a destination, they serve every backup there, and its restore.
              </Text>
              <Button size="xs" variant="default" onClick={() => setAdding({ url: urlAbove(url) })}>
                Save as a destination
              </Button>
            </Stack>
          </Alert>
        )}
        <Group gap="sm">
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlugConnected size={14} aria-hidden />}
            loading={test.pending}
            disabled={url.trim() === ''}
            onClick={test.run}
          >
            Test connection
          </Button>
          {!suggested && baseOf(storage) !== null && (
            <Button
              variant="default"
              size="xs"
              leftSection={<IconWand size={14} aria-hidden />}
              onClick={onSuggest}
            >
              Suggest a URL
            </Button>
          )}
        </Group>
        {test.failure !== null && (
          <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={test.failure.message}>
            {test.failure.hint}
          </Alert>
        )}
        {test.found !== null && <TestSteps url={test.found.url} report={test.found.report} />}
      </Stack>
      <DestinationFormModal
        opened={adding !== null}
        {...(adding?.url === undefined ? {} : { url: adding.url })}
        onClose={() => setAdding(null)}
        onSaved={({ id }) => {
          setAdding(null);
          onStorage(savedValue(id), adding?.url === undefined ? null : urlWithoutSecrets(url));
        }}
      />
    </Card>
  );
}

function aboutStorage(storage: StorageChoice, url: string): string {
  switch (storage.kind) {
    case 'saved':
      return `${KIND_NAME[kindOf(storage.destination.url)]}: ${storage.destination.url}${isIn(url, storage.destination) ? '' : ' – the URL below leads elsewhere'}`;
    case 'nodelocal':
      return 'A directory on the machines that run engines: shared (NFS) where there are several.';
    case 'url':
      return 'S3, Azure, Google Cloud, HTTP or nodelocal. Credentials in it, or those of the saved destination that it lies in.';
  }
}

type Subject = Inputs['destinations']['test'];

/** A saved destination as long as the URL is in it. */
function subjectOf(storage: StorageChoice, url: string): Subject {
  return storage.kind === 'saved' && isIn(url, storage.destination) && !saysSecret(url)
    ? { kind: 'saved', id: storage.destination.id }
    : { kind: 'backup', url };
}

function isIn(url: string, { url: base }: SavedDestination): boolean {
  const [address = ''] = base.split('?', 1);
  return url.startsWith(`${address.replace(/\/$/, '')}/`);
}

/** What is found stays in sight until something else would be tested. */
function usePlaceTest(subject: Subject) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const test = useMutation(trpc.destinations.test.mutationOptions({ gcTime: 0 }));
  const [tested, setTested] = useState('');
  const asked = JSON.stringify(subject);
  const current = tested === asked;
  const problem = current && test.data?.status === 'refused' ? test.data.problem : null;
  return {
    pending: current && test.isPending,
    found: current && test.data?.status === 'tested' ? test.data : null,
    /** About the URL. */
    refusal: problem !== null && problem.field !== null ? fieldMessage(problem) : null,
    failure:
      problem !== null && problem.field === null
        ? problem
        : current && test.error !== null
          ? describeError(test.error)
          : null,
    run: (): void => {
      setTested(asked);
      test.mutate(subject, {
        onSuccess: () => void queryClient.invalidateQueries(trpc.destinations.list.pathFilter()),
      });
    },
  };
}

/** The directory that the backup would be in, with the credentials: what is worth saving. */
function urlAbove(url: string): string {
  try {
    const fields = fieldsOf(url);
    return urlOf({ ...fields, path: fields.path.split('/').slice(0, -1).join('/') });
  } catch {
    return url;
  }
}
