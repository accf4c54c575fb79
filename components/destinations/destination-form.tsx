'use client';
import { Alert, Button, Code, Divider, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconAlertTriangle, IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { AppError } from '../trpc.ts';
import { describeError, errorField, useTRPC } from '../trpc.ts';
import { fieldMessage } from '../ui/errors.tsx';
import { fieldOfProblem } from './field-problem.ts';
import { emptyFields, KINDS, withoutSecrets } from './fields.ts';
import {
  initialValues,
  keepsStored,
  problemsOf,
  type DestinationValues,
  type SavedDestination,
} from './form-values.ts';
import { PasteUrl } from './paste-url.tsx';
import { PlaceInputs } from './place-fields.tsx';
import { TestSteps } from './test-steps.tsx';
import { bearerOf, urlOf } from './url-of.ts';
import { KIND_NAME } from './words.ts';

interface DestinationFormProps {
  onClose: () => void;
  onSaved: (saved: SavedDestination) => void;
  /** The one that is changed; without it, one is added. */
  saved?: SavedDestination;
  /** What the fields begin with: a URL that was pasted elsewhere. */
  url?: string;
}

/** The form for a destination. What was typed is gone when it is closed. */
export function DestinationFormModal({ opened, ...props }: DestinationFormProps & { opened: boolean }) {
  return (
    <Modal
      opened={opened}
      onClose={props.onClose}
      size="lg"
      title={props.saved === undefined ? 'Add a destination' : `Change ${props.saved.name}`}
    >
      <DestinationForm {...props} />
    </Modal>
  );
}

/** Mutations carry secrets: nothing of them is kept once they are over. */
const FORGOTTEN = { gcTime: 0 };

function DestinationForm({ onClose, onSaved, saved, url }: DestinationFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const form = useForm<DestinationValues>({ initialValues: initialValues(saved, url) });
  const { values } = form;
  const [failure, setFailure] = useState<{ message: string; hint: string | null } | null>(null);
  const element = useRef<HTMLFormElement>(null);
  const test = useMutation(trpc.destinations.test.mutationOptions(FORGOTTEN));
  const add = useMutation(trpc.destinations.add.mutationOptions(FORGOTTEN));
  const change = useMutation(trpc.destinations.change.mutationOptions(FORGOTTEN));
  const busy = add.isPending || change.isPending;
  const keep = keepsStored(values, saved);
  const place = { url: urlOf(values), bearer: bearerOf(values) };
  const asTested = JSON.stringify({ ...place, keep });
  const [tested, setTested] = useState('');
  const found = test.data?.status === 'tested' && tested === asTested ? test.data : null;

  function focusRefused(): void {
    // The field may only be there, or be marked, after the next render.
    setTimeout(() => element.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
  }

  /** True when everything that is needed is filled in; else says what isn't. */
  function complete(named: boolean): boolean {
    const problems = problemsOf(values, saved);
    if (!named) delete problems.name;
    form.setErrors(problems);
    setFailure(null);
    if (Object.keys(problems).length === 0) return true;
    focusRefused();
    return false;
  }

  function refuse(problem: { message: string; hint: string | null; field: string | null }): void {
    const field = fieldOfProblem(values, problem);
    if (field === null) return setFailure(problem);
    form.setFieldError(field, fieldMessage(problem));
    focusRefused();
  }

  function onTest(): void {
    if (!complete(false)) return;
    setTested(asTested);
    test.mutate(
      { kind: 'place', ...place, keepOf: keep && saved !== undefined ? saved.id : null },
      {
        onSuccess: (answer) => {
          if (answer.status === 'refused') refuse(answer.problem);
        },
        onError: (error) => setFailure(describeError(error)),
      },
    );
  }

  function onSave(): void {
    if (!complete(true) || busy) return;
    const told = {
      onSuccess: (done: SavedDestination) => {
        void queryClient.invalidateQueries(trpc.destinations.list.pathFilter());
        onSaved(done);
      },
      onError: (error: AppError) => refuse({ ...describeError(error), field: errorField(error) }),
    };
    if (saved === undefined) add.mutate({ name: values.name, ...place }, told);
    else change.mutate({ id: saved.id, name: values.name, ...place, keep }, told);
  }

  return (
    <form
      ref={element}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        // A dialog's form is inside the wizard's, as far as React's events go.
        event.stopPropagation();
        onSave();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Name"
          description="What people choose it by."
          placeholder="Offsite"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('name')}
        />
        <PasteUrl
          onFields={(fields) => {
            form.setValues(fields);
            form.clearErrors();
          }}
        />
        <Divider />
        <Select
          label="Storage"
          data={KINDS.map((value) => ({ value, label: KIND_NAME[value] }))}
          value={values.kind}
          onChange={(kind) => {
            if (kind === null || kind === values.kind) return;
            form.setValues({ ...emptyFields(kind), path: values.path });
            form.clearErrors();
          }}
          allowDeselect={false}
        />
        <PlaceInputs form={form} stored={saved?.login === values.login} />
        <Stack gap={4}>
          <Text size="sm" c="dimmed">
            Recorded with backups, and shown; what opens it is stored encrypted and never shown again:
          </Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {urlOf(withoutSecrets(values))}
          </Code>
        </Stack>
        {found !== null && <TestSteps url={found.url} report={found.report} />}
        {failure !== null && (
          <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={failure.message}>
            {failure.hint}
          </Alert>
        )}
        <Group justify="space-between" gap="sm">
          <Button
            variant="default"
            leftSection={<IconPlugConnected size={16} aria-hidden />}
            loading={test.isPending}
            disabled={busy}
            onClick={onTest}
          >
            Test connection
          </Button>
          <Group gap="sm">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              {saved === undefined ? 'Add destination' : 'Save changes'}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
