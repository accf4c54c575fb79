'use client';
import { TRPCClientError } from '@trpc/client';
import type { TRPCClientErrorLike } from '@trpc/client';
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import { createTRPCContext } from '@trpc/tanstack-react-query';
import type { AppRouter } from '../server/trpc/router.ts';

export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>();

export type Inputs = inferRouterInputs<AppRouter>;
export type Outputs = inferRouterOutputs<AppRouter>;
export type AppError = TRPCClientErrorLike<AppRouter>;

/** True when no answer came at all, or none that the console itself wrote: it is down, or something is in between. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TRPCClientError && error.data == null && error.name !== 'AbortError';
}

/** True when the console answered that nobody is logged in. */
export function isSessionEnded(error: unknown): boolean {
  return error instanceof TRPCClientError && (error as AppError).data?.code === 'UNAUTHORIZED';
}

/** What a page shows of anything thrown. */
export function describeError(error: AppError | Error): { message: string; hint: string | null } {
  if (isUnreachable(error)) {
    return {
      message: 'The console can’t be reached.',
      hint: 'Check that Holdfast is still running; this page goes on by itself when it is back.',
    };
  }
  const hint = 'data' in error ? (error.data?.holdfast.hint ?? null) : null;
  return { message: error.message, hint };
}

/** The form field that an error belongs to, as the console says it; null for none. */
export function errorField(error: AppError | null): string | null {
  return error?.data?.holdfast.field ?? null;
}
