'use client';
import { AppShell, Burger, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import type { ReactNode } from 'react';
import { ColorSchemeMenu } from './color-scheme-menu.tsx';
import { ClusterIndicator } from './cluster-indicator.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { Logo } from './logo.tsx';
import { Navigation } from './navigation.tsx';
import { RootMenu } from './root-menu.tsx';
import { SimulationBanner } from './simulation-banner.tsx';
import classes from './shell.module.css';

/** What stands around every page but the log-in. */
export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const pathname = usePathname();
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', sm: 'xl' }}
      transitionDuration={150}
    >
      <a href="#main" className={classes.skip}>
        Skip to content
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? 'Close navigation' : 'Open navigation'}
              aria-expanded={opened}
              aria-controls="navigation"
            />
            <Link href="/" className={classes.brand} aria-label="Holdfast: overview">
              <Logo size={28} />
              <Text span fw={700} size="lg" visibleFrom="xs">
                Holdfast
              </Text>
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ClusterIndicator />
            <ColorSchemeMenu />
            <RootMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" id="navigation" className={classes.navbar}>
        <Navigation onNavigate={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <ConnectionBanner />
        <SimulationBanner />
        <div key={pathname} className={classes.page}>
          {children}
        </div>
      </AppShell.Main>
    </AppShell>
  );
}
