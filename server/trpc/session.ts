import { z } from 'zod';
import { publicProcedure, rootProcedure, router } from './init.ts';

export const sessionRouter = router({
  /** Who is logged in; null for nobody. */
  me: publicProcedure.query(({ ctx }) => (ctx.session === null ? null : { user: ctx.session.user })),

  login: publicProcedure
    .input(z.object({ user: z.string().trim().min(1).max(63), password: z.string().min(1).max(1024) }))
    .mutation(async ({ ctx, input }) => {
      const { cookie, user } = await ctx.services.accounts.logIn(input.user, input.password, {
        address: ctx.clientAddress,
        userAgent: ctx.userAgent,
      });
      ctx.setCookie(cookie);
      return { user };
    }),

  logout: rootProcedure.mutation(async ({ ctx }) => {
    ctx.setCookie(await ctx.services.accounts.logOut(ctx.session));
    return null;
  }),
});
