'use client';
import { Button, type ButtonProps } from '@mantine/core';
import Link from 'next/link';
import { viewPath } from '../backups/paths.ts';

/** The way to a verify of the backup, which begins on its page. */
export function StartVerify({ url, ...looks }: { url: string } & ButtonProps) {
  return (
    <Button component={Link} href={viewPath(url)} {...looks} aria-label={`Verify ${url}`}>
      Verify
    </Button>
  );
}

/** The way to a drill of the backup, which begins on its page. */
export function StartDrill({ url, ...looks }: { url: string } & ButtonProps) {
  return (
    <Button component={Link} href={viewPath(url)} {...looks} aria-label={`Drill ${url}`}>
      Drill
    </Button>
  );
}
