'use client';
import { Code, Collapse, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure, useId } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** What a cluster's URL looks like, folded away. */
export function UrlHelp() {
  const [opened, { toggle }] = useDisclosure(false);
  const id = useId();
  const Chevron = opened ? IconChevronDown : IconChevronRight;
  return (
    <Stack gap="xs">
      <UnstyledButton onClick={toggle} aria-expanded={opened} aria-controls={id} fz="sm" w="fit-content">
        <Chevron size={14} aria-hidden style={{ verticalAlign: '-2px' }} /> What URLs look like
      </UnstyledButton>
      <Collapse expanded={opened} id={id}>
        <Stack gap="sm">
          <Example url="postgres://backup:secret@db.example:5432/postgres?sslmode=require">
            A PostgreSQL server: a superuser, or a member of pg_read_all_data to back up.
          </Example>
          <Example url="cockroachdb://root:secret@lb.example:26257/defaultdb?sslmode=verify-full&sslrootcert=/certs/ca.crt">
            A CockroachDB cluster through any of its nodes or a load balancer: root, or a member of admin.
            postgres:// does as well: the server is asked what it is.
          </Example>
          <Example url="cockroachdb://root@node1:26257/defaultdb?sslmode=verify-full&sslrootcert=/certs/ca.crt&sslcert=/certs/client.root.crt&sslkey=/certs/client.root.key">
            With a client certificate in the password’s place. The paths are those of the machine that the
            console runs on; machines with engines need the files at the same paths.
          </Example>
          <Example url="simulated://3?rows=2000000">
            A pretend cluster of three nodes, to try things with. &amp;leases=30s&amp;down=5 has its leases
            move and its nodes go down; docs/simulation.md has all that can happen.
          </Example>
          <Text size="sm" c="dimmed">
            Special characters in a password are written as in any URL: %40 for @, %2F for /, %3A for :.
          </Text>
        </Stack>
      </Collapse>
    </Stack>
  );
}

function Example({ url, children }: { url: string; children: ReactNode }) {
  return (
    <Stack gap={2}>
      <Code style={{ overflowWrap: 'anywhere' }}>{url}</Code>
      <Text size="sm" c="dimmed">
        {children}
      </Text>
    </Stack>
  );
}
