'use client';
import { Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';

/** The field that narrows known backups down, and what it comes to. */
export function SearchKnown({
  value,
  onChange,
  found,
}: {
  value: string;
  onChange: (text: string) => void;
  /** What is listed; undefined while it is on its way. */
  found: { backups: readonly unknown[]; more: boolean } | undefined;
}) {
  return (
    <>
      <TextInput
        label="Search"
        placeholder="A piece of a URL, or a cluster"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        spellCheck={false}
        autoComplete="off"
        maw={420}
      />
      {found !== undefined && (found.more || found.backups.length === 0) && (
        <Text size="sm" role="status">
          {found.backups.length === 0
            ? 'No known backup has that.'
            : 'The newest are listed. Search for older ones.'}
        </Text>
      )}
    </>
  );
}
