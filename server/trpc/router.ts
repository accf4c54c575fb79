import { router } from './init.ts';
import { backupsRouter } from './backups.ts';
import { clustersRouter } from './clusters.ts';
import { destinationsRouter } from './destinations.ts';
import { importsRouter } from './imports.ts';
import { drillsRouter } from './drills.ts';
import { jobsRouter } from './jobs.ts';
import { readinessRouter } from './readiness.ts';
import { restoresRouter } from './restores.ts';
import { sessionRouter } from './session.ts';
import { verifiesRouter } from './verifies.ts';

/** Everything that the browser can ask for, by noun. */
export const appRouter = router({
  session: sessionRouter,
  clusters: clustersRouter,
  destinations: destinationsRouter,
  backups: backupsRouter,
  imports: importsRouter,
  restores: restoresRouter,
  readiness: readinessRouter,
  verifies: verifiesRouter,
  drills: drillsRouter,
  jobs: jobsRouter,
});

export type AppRouter = typeof appRouter;
