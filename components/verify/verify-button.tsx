'use client';
import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconShieldCheck } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { VERIFY_DEPTHS } from '../../server/statement/ast.ts';
import type { VerifyDepth } from '../../server/statement/ast.ts';
import { openable } from '../backups/opened-with.ts';
import { plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { DEPTH_WORDS } from './words.ts';

/** The way to a verify of a backup. */
export function VerifyButton({ backup }: { backup: BackupSummary }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" leftSection={<IconShieldCheck size={16} aria-hidden />} onClick={open}>
        Verify
      </Button>
      <VerifyDialog backup={backup} opened={opened} onClose={close} />
    </>
  );
}

/** Asks how thoroughly the backup is to be verified, and begins; the job’s page shows the rest. */
export function VerifyDialog({
  backup,
  opened,
  onClose,
}: {
  backup: BackupSummary;
  opened: boolean;
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [depth, setDepth] = useState<VerifyDepth>('checksums');
  const start = useMutation(trpc.verifies.start.mutationOptions());

  function onStart() {
    start.mutate(
      { url: openable(backup.url), depth },
      {
        onSuccess: ({ jobId }) => {
          void queryClient.invalidateQueries(trpc.jobs.pathFilter());
          router.push(`/jobs/${jobId}`);
        },
      },
    );
  }

  return (
    <Modal opened={opened} onClose={onClose} title="Verify this backup">
      <Stack gap="md">
        <Text size="sm">
          {backup.chain.length === 0
            ? 'The backup is read and compared with its manifest.'
            : `The backup and the ${plural(backup.chain.length, 'backup')} that it builds on are read and compared with their manifests.`}{' '}
          Its cluster isn’t needed; nothing is written.
        </Text>
        <Radio.Group
          label="Depth"
          description="Each looks at what those before it do, too."
          value={depth}
          onChange={(value) => setDepth(VERIFY_DEPTHS.find((each) => each === value) ?? depth)}
        >
          <Stack gap="sm" mt="sm">
            {VERIFY_DEPTHS.map((each) => (
              <Radio
                key={each}
                value={each}
                label={DEPTH_WORDS[each].label}
                description={DEPTH_WORDS[each].description}
              />
            ))}
          </Stack>
        </Radio.Group>
        {start.error !== null && <ErrorAlert error={start.error} title="It was not begun" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={start.isPending || start.isSuccess} onClick={onStart}>
            Start verify
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
