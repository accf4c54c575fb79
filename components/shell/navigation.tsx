'use client';
import { Badge, Group, NavLink, Stack } from '@mantine/core';
import {
  IconArchive,
  IconCloudUpload,
  IconDatabaseExport,
  IconDatabaseImport,
  IconLayoutDashboard,
  IconListCheck,
  IconServer2,
  IconShieldCheck,
} from '@tabler/icons-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useActiveJobs } from '../jobs/active-jobs.ts';

const PAGES = [
  { href: '/', label: 'Overview', icon: IconLayoutDashboard },
  { href: '/readiness', label: 'Readiness', icon: IconShieldCheck },
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
  const open = useActiveJobs().data?.jobs ?? [];
  const paused = open.filter(({ state }) => state === 'paused').length;
  const running = open.length - paused;
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
            href === '/jobs' && open.length > 0 ? (
              <Group gap={4} wrap="nowrap">
                {running > 0 && <JobsBadge color="blue" jobs={running} word="running" />}
                {paused > 0 && <JobsBadge color="yellow" jobs={paused} word="paused" />}
              </Group>
            ) : undefined
          }
          onClick={onNavigate}
        />
      ))}
    </Stack>
  );
}

function JobsBadge({ color, jobs, word }: { color: string; jobs: number; word: string }) {
  return (
    <Badge
      color={color}
      size="sm"
      circle={jobs < 10}
      aria-label={`${jobs} ${word}`}
      title={`${jobs} ${word}`}
    >
      {jobs}
    </Badge>
  );
}
