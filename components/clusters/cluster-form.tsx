'use client';
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { Outputs } from '../trpc.ts';
import { describeError, errorField, useTRPC } from '../trpc.ts';
import type { AppError } from '../trpc.ts';
import { ErrorAlert, fieldMessage } from '../ui/errors.tsx';
import { TestResult } from './test-result.tsx';
import { UrlHelp } from './url-help.tsx';

interface ClusterFormProps {
  onClose: () => void;
  onSaved: (name: string) => void;
  /** The registration whose URL is changed; without it, one is added. */
  registered?: Pick<Outputs['clusters']['list'][number], 'name' | 'redactedUrl'>;
}

/** The form for adding a cluster or changing its URL. What was typed is gone when it is closed. */
export function ClusterFormModal({ opened, ...props }: ClusterFormProps & { opened: boolean }) {
  return (
    <Modal
      opened={opened}
      onClose={props.onClose}
      size="lg"
      title={props.registered === undefined ? 'Add a cluster' : `Change the URL of ${props.registered.name}`}
    >
      <ClusterForm {...props} />
    </Modal>
  );
}

/** A refusal stands beside its field until the field is changed. */
interface Refusal {
  field: 'name' | 'url';
  value: string;
  message: string;
  /** Nothing answers there now; it may all the same be right. */
  down: boolean;
}

function ClusterForm({ onClose, onSaved, registered }: ClusterFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [name, setName] = useState(registered?.name ?? '');
  const [url, setUrl] = useState(registered?.redactedUrl ?? '');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [failure, setFailure] = useState<AppError | null>(null);
  const nameField = useRef<HTMLInputElement>(null);
  const urlField = useRef<HTMLInputElement>(null);

  function refuse(field: Refusal['field'], problem: { message: string; hint: string | null }, down: boolean) {
    setRefusal({ field, value: field === 'name' ? name : url, message: fieldMessage(problem), down });
    (field === 'name' ? nameField : urlField).current?.focus();
  }

  const test = useMutation(trpc.clusters.test.mutationOptions());
  const register = useMutation(trpc.clusters.register.mutationOptions());
  const update = useMutation(trpc.clusters.update.mutationOptions());
  const busy = register.isPending || update.isPending;

  function begin(): void {
    setFailure(null);
    setRefusal(null);
  }
  function onTest(): void {
    begin();
    test.mutate(
      { url, cluster: registered?.name ?? null },
      {
        onSuccess: (found) => {
          if (found.status === 'up') return;
          refuse('url', found.problem, found.problem.code === 'cluster-unavailable');
        },
        onError: setFailure,
      },
    );
  }
  function onSave(untested: boolean): void {
    begin();
    const told = {
      onSuccess: (saved: { name: string }) => {
        void queryClient.invalidateQueries(trpc.clusters.pathFilter());
        onSaved(saved.name);
      },
      onError: (error: AppError) => {
        const field = errorField(error);
        if (field !== 'name' && field !== 'url') return setFailure(error);
        refuse(field, describeError(error), error.data?.holdfast.code === 'cluster-unavailable');
      },
    };
    if (registered === undefined) register.mutate({ name, url, untested }, told);
    else update.mutate({ cluster: registered.name, url, untested }, told);
  }

  const refused = (field: Refusal['field'], value: string) =>
    refusal?.field === field && refusal.value === value ? refusal : null;
  const urlRefusal = refused('url', url);
  const found = test.data?.status === 'up' && test.variables?.url === url ? test.data : null;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) onSave(false);
      }}
    >
      <Stack gap="md">
        {registered === undefined && (
          <TextInput
            ref={nameField}
            label="Name"
            description="What it is called here, and the database name that psql gives to work on it."
            placeholder="prod-eu"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={refused('name', name)?.message}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="none"
            data-autofocus
          />
        )}
        <TextInput
          ref={urlField}
          label="URL"
          description={
            registered === undefined
              ? 'Stored encrypted; its password is never shown again.'
              : 'Stored encrypted. The word “redacted” keeps the password that is stored.'
          }
          placeholder="postgres://user:password@host:5432/postgres"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={urlRefusal?.message}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
          data-autofocus={registered !== undefined || undefined}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
        {found !== null && <TestResult found={found} />}
        {failure !== null && <ErrorAlert error={failure} />}
        <UrlHelp />
        <Group justify="space-between" gap="sm">
          <Button
            variant="default"
            leftSection={<IconPlugConnected size={16} aria-hidden />}
            loading={test.isPending}
            disabled={url.trim() === '' || busy}
            onClick={onTest}
          >
            Test connection
          </Button>
          <Group gap="sm">
            {urlRefusal?.down === true ? (
              <Button variant="default" loading={busy} onClick={() => onSave(true)}>
                Save anyway
              </Button>
            ) : (
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
            )}
            <Button
              type="submit"
              loading={busy}
              disabled={url.trim() === '' || (registered === undefined && name.trim() === '')}
            >
              {registered === undefined ? 'Add cluster' : 'Change URL'}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
