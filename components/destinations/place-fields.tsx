'use client';
import { Button, FileButton, PasswordInput, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconFileUpload } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { BesideInput } from '../ui/beside-input.tsx';
import { LOGINS, type LoginChoice, type PlaceFields } from './fields.ts';
import type { DestinationValues } from './form-values.ts';
import { MoreS3 } from './more-s3.tsx';
import { loginName } from './words.ts';

export type DestinationForm = UseFormReturnType<DestinationValues>;

/** Text that is no prose. */
const PLAIN = { spellCheck: false, autoComplete: 'off', autoCapitalize: 'none' } as const;

interface PlaceFieldsProps {
  form: DestinationForm;
  /** The credentials of this login are stored, and kept where none are typed. */
  stored: boolean;
}

/** What the chosen kind of storage wants to know. */
export function PlaceInputs({ form, stored }: PlaceFieldsProps) {
  switch (form.values.kind) {
    case 's3':
      return (
        <>
          <Where form={form} container="Bucket" path="backups/prod" />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              label="Region"
              description="Empty: as the machine is set up."
              placeholder="eu-central-1"
              {...PLAIN}
              {...form.getInputProps('region')}
            />
            <TextInput
              label="Endpoint"
              description="Empty: Amazon’s. For MinIO and others, theirs."
              placeholder="https://minio.example:9000"
              {...PLAIN}
              {...form.getInputProps('endpoint')}
            />
          </SimpleGrid>
          <Login form={form}>
            {form.values.login === 'keys' && (
              <SimpleGrid cols={{ base: 1, xs: 2 }}>
                <TextInput
                  label="Access key ID"
                  placeholder={stored ? 'as stored' : undefined}
                  {...PLAIN}
                  {...form.getInputProps('accessKeyId')}
                />
                <Secret form={form} name="secretAccessKey" label="Secret access key" stored={stored} />
              </SimpleGrid>
            )}
          </Login>
          <MoreS3 form={form} stored={stored} />
        </>
      );
    case 'azure':
      return (
        <>
          <Where form={form} container="Container" path="backups/prod" />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput label="Storage account" {...PLAIN} {...form.getInputProps('account')} />
            <TextInput
              label="Endpoint"
              placeholder="Empty: the account’s at Microsoft"
              {...PLAIN}
              {...form.getInputProps('endpoint')}
            />
          </SimpleGrid>
          <Login form={form}>
            {form.values.login === 'key' && (
              <Secret form={form} name="accountKey" label="Account key" stored={stored} />
            )}
            {form.values.login === 'sas' && (
              <Secret form={form} name="sasToken" label="Shared access signature" stored={stored} />
            )}
          </Login>
        </>
      );
    case 'gs':
      return (
        <>
          <Where form={form} container="Bucket" path="backups/prod" />
          <TextInput
            label="Endpoint"
            placeholder="Empty: Google’s"
            {...PLAIN}
            {...form.getInputProps('endpoint')}
          />
          <Login form={form}>{form.values.login === 'key' && <KeyFile form={form} stored={stored} />}</Login>
        </>
      );
    case 'http':
      return (
        <>
          <Select
            label="Protocol"
            data={[
              { value: 'https', label: 'https, encrypted' },
              { value: 'http', label: 'http, in the clear' },
            ]}
            allowDeselect={false}
            maw={280}
            {...form.getInputProps('scheme')}
          />
          <Where form={form} container="Host" path="backups/prod" placeholder="files.example:8443" />
          <Login form={form}>
            {form.values.login === 'basic' && (
              <SimpleGrid cols={{ base: 1, xs: 2 }}>
                <TextInput
                  label="User"
                  placeholder={stored ? 'as stored' : undefined}
                  {...PLAIN}
                  {...form.getInputProps('user')}
                />
                <Secret form={form} name="password" label="Password" stored={stored} />
              </SimpleGrid>
            )}
            {form.values.login === 'bearer' && (
              <Secret form={form} name="bearer" label="Token" stored={stored} />
            )}
            {form.values.login !== 'none' && form.values.scheme === 'http' && (
              <Text size="sm" c="dimmed">
                Over http, whoever is on the way can read this.
              </Text>
            )}
          </Login>
        </>
      );
    case 'nodelocal':
      return (
        <TextInput
          label="Path"
          description="Below the directory HOLDFAST_EXTERN_DIR of every machine that runs an engine: mount the same file system there. Empty: that directory itself."
          placeholder="nightly"
          {...PLAIN}
          {...form.getInputProps('path')}
        />
      );
  }
}

function Where({
  form,
  container,
  path,
  placeholder,
}: {
  form: DestinationForm;
  container: string;
  path: string;
  placeholder?: string;
}) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <TextInput
        label={container}
        placeholder={placeholder}
        {...PLAIN}
        {...form.getInputProps('container')}
      />
      <TextInput
        label="Path"
        placeholder={`${path} (may be empty)`}
        {...PLAIN}
        {...form.getInputProps('path')}
      />
    </SimpleGrid>
  );
}

const ABOUT: Partial<Record<LoginChoice, string>> = {
  implicit:
    'An instance’s role, or what the environment says, on every machine that runs an engine or a console.',
};

function Login({ form, children }: { form: DestinationForm; children: ReactNode }) {
  const { kind, login } = form.values;
  return (
    <Stack gap="sm">
      <Select
        label="Log in with"
        description={ABOUT[login]}
        data={LOGINS[kind].map((value) => ({ value, label: loginName(kind, value) }))}
        allowDeselect={false}
        {...form.getInputProps('login')}
      />
      {children}
    </Stack>
  );
}

/** Typed, never shown, never filled in by the console. */
export function Secret({
  form,
  name,
  label,
  stored,
  beside,
}: {
  form: DestinationForm;
  name: keyof PlaceFields;
  label: string;
  stored: boolean;
  beside?: ReactNode;
}) {
  return (
    <PasswordInput
      label={label}
      placeholder={stored ? 'as stored' : undefined}
      autoComplete="new-password"
      spellCheck={false}
      visibilityToggleButtonProps={{ 'aria-label': `Show the ${label.toLowerCase()}` }}
      inputContainer={(input) =>
        beside === undefined ? input : <BesideInput input={input}>{beside}</BesideInput>
      }
      {...form.getInputProps(name)}
    />
  );
}

function KeyFile({ form, stored }: { form: DestinationForm; stored: boolean }) {
  return (
    <Secret
      form={form}
      name="keyFile"
      label="Key file (JSON)"
      stored={stored}
      beside={
        <FileButton
          accept="application/json,.json"
          onChange={(file) => {
            if (file === null) return;
            void file.text().then((text) => form.setFieldValue('keyFile', text));
          }}
        >
          {(props) => (
            <Button variant="default" leftSection={<IconFileUpload size={16} aria-hidden />} {...props}>
              Choose file
            </Button>
          )}
        </FileButton>
      }
    />
  );
}
