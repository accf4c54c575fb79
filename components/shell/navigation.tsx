'use client';
import { Badge, NavLink, Stack } from '@mantine/core';
import {
  IconArchive,
  IconCloudUpload,
  IconDatabaseExport,
  IconDatabaseImport,
  IconLayoutDashboard,
  IconListCheck,
  IconServer2,
} from '@tabler/icons-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useActiveJobs } from '../jobs/active-jobs.ts';

const PAGES = [
  { href: '/', label: 'Overview', icon: IconLayoutDashboard },
  { href: '/backup', label: 'Back up', icon: IconDatabaseExport },
  { href: '/restore', label: 'Restore', icon: IconDatabaseImport },
  { href: '/backups', label: 'Backups', icon: IconArchive },
  { href: '/jobs', label: 'Jobs', icon: IconListCheck },
  { href: '/destinations', label: 'Destinations', icon: IconCloudUpload },
  { href: '/clusters', label: 'Clusters', icon: IconServer2 },
] as const;

function isHere(href: string, pathname: string): boolean {
  return href === '/' ? pathname === '/' : pathname === href || pathname.startsWith(`${href}/`);
}

export function Navigation({ onNavigate }: { onNavigate: () => void }) {
  const pathname = usePathname();
  const running = useActiveJobs().data?.jobs.length ?? 0;
  return (
    <Stack component="nav" aria-label="Pages" gap={4}>
      {PAGES.map(({ href, label, icon: Icon }) => (
        <NavLink
          key={href}
          component={Link}
          href={href}
          label={label}
          active={isHere(href, pathname)}
          aria-current={isHere(href, pathname) ? 'page' : undefined}
          leftSection={<Icon size={20} stroke={1.6} aria-hidden />}
          rightSection={
            href === '/jobs' && running > 0 ? (
              <Badge color="blue" size="sm" circle={running < 10} aria-label={`${running} running`}>
                {running}
              </Badge>
            ) : undefined
          }
          onClick={onNavigate}
        />
      ))}
    </Stack>
  );
}
