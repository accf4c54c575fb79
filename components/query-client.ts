import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { reportAnswer, reportError } from './connection.ts';
import { isUnreachable } from './trpc.ts';

/** One client a tab. What the console refused is not asked again; what didn't reach it is, patiently. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: reportError, onSuccess: reportAnswer }),
    mutationCache: new MutationCache({ onError: reportError, onSuccess: reportAnswer }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        networkMode: 'always',
        retry: (failures, error) => isUnreachable(error) && failures < 2,
        retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 4_000),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}
