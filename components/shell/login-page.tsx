'use client';
import {
  Alert,
  Button,
  Center,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconClockPause, IconInfoCircle, IconPlugConnectedX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'next/navigation';
import { useEffect } from 'react';
import { describeError, errorField, isUnreachable, useTRPC } from '../trpc.ts';
import { fieldMessage } from '../ui/errors.tsx';
import { ColorSchemeMenu } from './color-scheme-menu.tsx';
import { Logo } from './logo.tsx';
import { safeNextPath } from './next-path.ts';

export function LoginPage() {
  const trpc = useTRPC();
  const params = useSearchParams();
  const next = safeNextPath(params.get('next'));
  const ended = params.get('ended') === '1';
  const me = useQuery(trpc.session.me.queryOptions());
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { user: 'root', password: '' },
    validate: {
      user: (value) => (value.trim() === '' ? 'Enter the user’s name.' : null),
      password: (value) => (value === '' ? 'Enter the password.' : null),
    },
  });
  const login = useMutation(
    trpc.session.login.mutationOptions({
      // A full load: pages that were answered with a redirect before are asked for again.
      onSuccess: () => window.location.assign(next),
      onError: (error) => {
        if (error.data?.holdfast.code === 'throttled' || isUnreachable(error)) return;
        const field = errorField(error) === 'user' ? 'user' : 'password';
        form.setFieldError(field, fieldMessage(describeError(error)));
        form.getInputNode(field)?.focus();
      },
    }),
  );
  const loggedIn = me.data != null;
  useEffect(() => {
    if (loggedIn) window.location.replace(next);
  }, [loggedIn, next]);

  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack w="100%" maw={400} gap="lg">
        <Group gap="sm" justify="center">
          <Logo size={40} />
          <Text fw={700} fz={26}>
            Holdfast
          </Text>
        </Group>
        <Paper p="xl" shadow="xs">
          <form onSubmit={form.onSubmit((values) => login.mutate(values))} noValidate>
            <Stack gap="md">
              <Title order={1}>Log in</Title>
              {ended && (
                <Alert color="blue" icon={<IconInfoCircle />} role="status">
                  Your session has ended. Log in to go on where you were.
                </Alert>
              )}
              {login.error !== null && login.error.data?.holdfast.code === 'throttled' && (
                <Alert color="orange" icon={<IconClockPause />} role="alert" title="Too many attempts">
                  {fieldMessage(describeError(login.error))}
                </Alert>
              )}
              {login.error !== null && isUnreachable(login.error) && (
                <Alert
                  color="red"
                  icon={<IconPlugConnectedX />}
                  role="alert"
                  title="The console can’t be reached"
                >
                  Check that Holdfast is still running, then try again.
                </Alert>
              )}
              <TextInput
                label="User"
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                key={form.key('user')}
                {...form.getInputProps('user')}
              />
              <PasswordInput
                label="Password"
                description="Printed by the first start of the console."
                autoComplete="current-password"
                autoFocus
                visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
                key={form.key('password')}
                {...form.getInputProps('password')}
              />
              <Button type="submit" loading={login.isPending || login.isSuccess} fullWidth mt="xs">
                Log in
              </Button>
            </Stack>
          </form>
        </Paper>
        <Group justify="center">
          <ColorSchemeMenu />
        </Group>
      </Stack>
    </Center>
  );
}
