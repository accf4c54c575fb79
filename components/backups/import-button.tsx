'use client';
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import Link from 'next/link';

/** The way to the page that imports backups. */
export function ImportButton() {
  return (
    <Button
      component={Link}
      href="/backups/import"
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      Import from a destination
    </Button>
  );
}
