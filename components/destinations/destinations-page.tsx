'use client';
import { Button, EmptyState, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCloudUpload, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Loading } from '../ui/loading.tsx';
import { PageHeader } from '../ui/page.tsx';
import { DestinationCard } from './destination-card.tsx';
import { DestinationFormModal } from './destination-form.tsx';
import { useSavedTests } from './use-saved-tests.ts';

/** Every saved destination, and the way to save one. */
export function DestinationsPage() {
  const trpc = useTRPC();
  const [adding, add] = useDisclosure(false);
  const tests = useSavedTests();
  const destinations = useQuery(trpc.destinations.list.queryOptions());
  const button = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={add.open}>
      Add a destination
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Destinations"
        description="Places that backups go to. Credentials are typed once and kept encrypted: URLs that lie in one of these need none."
        actions={destinations.data?.length === 0 ? undefined : button}
      />
      {destinations.error !== null && destinations.data === undefined ? (
        <ErrorAlert error={destinations.error} onRetry={() => void destinations.refetch()} />
      ) : destinations.data === undefined ? (
        <Loading h={220} label="Loading destinations" />
      ) : destinations.data.length === 0 ? (
        <EmptyState
          py="xl"
          icon={<IconCloudUpload aria-hidden />}
          title="No saved destinations yet"
          description="Save a bucket, a container, a web server or a directory with what opens it, and test it. From then on it is chosen by name, and backups there are opened, restored and built on without credentials in their URLs."
        >
          <EmptyState.Actions>{button}</EmptyState.Actions>
        </EmptyState>
      ) : (
        <Stack gap="lg">
          {destinations.data.map((destination) => (
            <DestinationCard key={destination.id} destination={destination} tests={tests} />
          ))}
        </Stack>
      )}
      <DestinationFormModal
        opened={adding}
        onClose={add.close}
        onSaved={({ id }) => {
          add.close();
          tests.run(id);
        }}
      />
    </>
  );
}
