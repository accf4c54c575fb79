'use client';
import { Anchor } from '@mantine/core';
import { useState } from 'react';
import { quoteIdent } from '../../server/cluster/names.ts';
import { plural } from '../format.ts';

/** As many as a line or two hold. */
const SHOWN = 12;

/** The users that a backup carries, by name. */
export function BackupUsers({ names }: { names: readonly string[] }) {
  const [all, setAll] = useState(false);
  if (names.length === 0) return 'none';
  const shown = all ? names : names.slice(0, SHOWN);
  return (
    <>
      {plural(names.length, 'user')}, with password hashes and memberships: {shown.map(quoteIdent).join(', ')}
      {shown.length < names.length && (
        <>
          {' '}
          <Anchor component="button" type="button" inherit underline="always" onClick={() => setAll(true)}>
            and {names.length - shown.length} more
          </Anchor>
        </>
      )}
    </>
  );
}
