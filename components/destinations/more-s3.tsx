'use client';
import { Collapse, Select, SimpleGrid, Stack, TextInput, UnstyledButton } from '@mantine/core';
import { useDisclosure, useId } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { DestinationForm } from './place-fields.tsx';
import { Secret } from './place-fields.tsx';

/** What few buckets need, folded away unless something of it is filled in or refused. */
export function MoreS3({ form, stored }: { form: DestinationForm; stored: boolean }) {
  const { values, errors } = form;
  const used = [values.pathStyle, values.storageClass, values.encryption, values.sessionToken].some(
    (value) => value !== '',
  );
  const [asked, { toggle }] = useDisclosure(used);
  const refused = ['storageClass', 'encryption', 'kmsKeyId', 'sessionToken'].some((name) => name in errors);
  const opened = asked || refused;
  const id = useId();
  const Chevron = opened ? IconChevronDown : IconChevronRight;
  return (
    <Stack gap="xs">
      <UnstyledButton onClick={toggle} aria-expanded={opened} aria-controls={id} fz="sm" w="fit-content">
        <Chevron size={14} aria-hidden style={{ verticalAlign: '-2px' }} /> Storage class, encryption and more
      </UnstyledButton>
      <Collapse expanded={opened} id={id}>
        <Stack gap="md">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              label="Storage class"
              placeholder="as the bucket has it"
              spellCheck={false}
              autoComplete="off"
              {...form.getInputProps('storageClass')}
            />
            <Select
              label="Bucket in the address"
              data={[
                { value: '', label: 'As usual for the endpoint' },
                { value: 'true', label: 'In the path' },
                { value: 'false', label: 'In the host’s name' },
              ]}
              allowDeselect={false}
              {...form.getInputProps('pathStyle')}
            />
            <Select
              label="Encryption by the server"
              data={[
                { value: '', label: 'As the bucket has it' },
                { value: 'AES256', label: 'AES256' },
                { value: 'aws:kms', label: 'aws:kms' },
              ]}
              allowDeselect={false}
              {...form.getInputProps('encryption')}
            />
            {values.encryption === 'aws:kms' && (
              <TextInput
                label="KMS key"
                placeholder="the account’s default key"
                spellCheck={false}
                autoComplete="off"
                {...form.getInputProps('kmsKeyId')}
              />
            )}
          </SimpleGrid>
          {values.login === 'keys' && (
            <Secret form={form} name="sessionToken" label="Session token" stored={stored} />
          )}
        </Stack>
      </Collapse>
    </Stack>
  );
}
