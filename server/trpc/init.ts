import { initTRPC, TRPCError } from '@trpc/server';
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server';
import { HoldfastError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { outageToHoldfast } from '../metadata/outage.ts';
import type { RequestContext } from './context.ts';

/** What the browser gets of an error, beside its message: enough to put it next to the right field. */
export interface ErrorShape {
  code: ErrorCode;
  hint: string | null;
  field: string | null;
}

const t = initTRPC.context<RequestContext>().create({
  sse: { ping: { enabled: true, intervalMs: 5_000 }, client: { reconnectAfterInactivityMs: 15_000 } },
  errorFormatter({ shape, error }) {
    const cause = error.cause;
    const holdfast: ErrorShape =
      cause instanceof HoldfastError
        ? { code: cause.code, hint: cause.hint ?? null, field: cause.field ?? null }
        : { code: error.code === 'BAD_REQUEST' ? 'invalid-value' : 'internal', hint: null, field: null };
    const message =
      cause instanceof HoldfastError || error.code !== 'INTERNAL_SERVER_ERROR'
        ? shape.message
        : 'Internal error; the console’s log has the details.';
    return {
      ...shape,
      message,
      data: { code: shape.data.code, httpStatus: shape.data.httpStatus, path: shape.data.path, holdfast },
    };
  },
});

export const router = t.router;

function trpcCode(code: ErrorCode): TRPC_ERROR_CODE_KEY {
  switch (code) {
    case 'not-authenticated':
      return 'UNAUTHORIZED';
    case 'not-allowed':
      return 'FORBIDDEN';
    case 'throttled':
      return 'TOO_MANY_REQUESTS';
    case 'undefined-job':
    case 'undefined-cluster':
    case 'undefined-backup':
    case 'undefined-database':
    case 'undefined-object':
      return 'NOT_FOUND';
    case 'metadata-unavailable':
      return 'SERVICE_UNAVAILABLE';
    case 'internal':
      return 'INTERNAL_SERVER_ERROR';
    default:
      return 'UNPROCESSABLE_CONTENT';
  }
}

/** Turns what services throw into what tRPC sends, keeping the HoldfastError as cause. */
const errors = t.middleware(async ({ next }) => {
  const result = await next();
  if (result.ok) return result;
  const thrown = result.error.cause;
  const cause = thrown instanceof HoldfastError ? thrown : outageToHoldfast(thrown);
  if (cause !== null) {
    throw new TRPCError({ code: trpcCode(cause.code), message: cause.message, cause });
  }
  return result;
});

/** Anyone may call these: logging in, and asking who is logged in. */
export const publicProcedure = t.procedure.use(errors);

/** The one guard: everything else needs root's session. */
export const rootProcedure = publicProcedure.use(({ ctx, next }) => {
  if (ctx.session === null) {
    throw new HoldfastError('not-authenticated', 'You are not logged in.', { hint: 'Log in as root.' });
  }
  return next({ ctx: { ...ctx, session: ctx.session } });
});
