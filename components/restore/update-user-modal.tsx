'use client';
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import type { UserRow } from './users-table.tsx';

/** Asks before a user that is there is altered: what it is now may be what somebody works with. */
export function UpdateUserModal({
  user,
  cluster,
  pending,
  onClose,
  onUpdate,
}: {
  /** Null: closed. */
  user: UserRow | null;
  cluster: string;
  pending: boolean;
  onClose: () => void;
  onUpdate: (user: UserRow) => void;
}) {
  return (
    <Modal opened={user !== null} onClose={onClose} title={`Update ${user?.name ?? ''} in ${cluster}?`}>
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
