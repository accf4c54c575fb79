'use client';
import { Button, EmptyState } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import Link from 'next/link';

export function NotFoundPage() {
  return (
    <EmptyState
      py={80}
      icon={<IconMapOff aria-hidden />}
      title={<h1 style={{ font: 'inherit', margin: 0 }}>There is no such page</h1>}
      description="The address may be mistyped, or of another version of Holdfast."
    >
      <EmptyState.Actions>
        <Button component={Link} href="/">
          Overview
        </Button>
      </EmptyState.Actions>
    </EmptyState>
  );
}
