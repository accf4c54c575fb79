'use client';
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import type { ComparedUser } from '../../server/restore/compare-users.ts';

/** Asks before a user that is there is altered: what it is now may be what somebody works with. */
export function UpdateUserModal({
  user,
  opened,
  cluster,
  pending,
  onClose,
  onUpdate,
}: {
  /** Null: none has been asked about yet. */
  user: ComparedUser | null;
  opened: boolean;
  cluster: string;
  pending: boolean;
  onClose: () => void;
  onUpdate: (user: ComparedUser) => void;
}) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Update ${user?.name ?? ''} in ${cluster}?`}>
      <Stack gap="md">
        <Text size="sm">
          It becomes what the backup has. Memberships that it has besides stay. Now it is different:
        </Text>
        <List size="sm">
          {user?.about.map((phrase) => (
            <List.Item key={phrase}>{phrase}</List.Item>
          ))}
        </List>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Leave it
          </Button>
          <Button loading={pending} onClick={() => user !== null && onUpdate(user)}>
            Update
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
