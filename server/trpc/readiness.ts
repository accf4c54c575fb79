import { rootProcedure, router } from './init.ts';

export const readinessRouter = router({
  /** What could be restored now, to when and how that is known, the worst first. Answers within seconds, whatever is down. */
  list: rootProcedure.query(({ ctx }) => ctx.services.readiness.report()),
});
