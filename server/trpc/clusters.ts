import { z } from 'zod';
import { problemOf } from '../backup/check.ts';
import type { Problem } from '../backup/selection.ts';
import { objectNameSchema } from '../cluster/names.ts';
import { rangeMap } from '../cluster/range-map.ts';
import { HoldfastError } from '../errors.ts';
import type { ClusterTest } from '../metadata/clusters.ts';
import { rootProcedure, router } from './init.ts';

const name = z.string().min(1).max(255);
const clusterInput = z.object({ cluster: name });
const databaseInput = clusterInput.extend({ database: name });
/** As typed: what is wrong with it is told in words, beside its field. */
const typed = z.string().max(8192);
/** Save it though nothing answers there now. */
const untested = z.boolean();

export const clustersRouter = router({
  /** Registered clusters, with what each answers right now or why it doesn't. */
  list: rootProcedure.query(({ ctx }) => ctx.services.clusters.overview()),

  details: rootProcedure
    .input(clusterInput)
    .query(({ ctx, input }) => ctx.services.clusters.details(input.cluster)),

  /**
   * Connects to a URL and tells what is there, or what is wrong as data beside the field `url`; stores nothing. With
   * the name of a registered cluster, `redacted` in the URL stands for what is stored. A mutation for its body alone: a
   * URL with a password belongs in no address.
   */
  test: rootProcedure
    .input(z.object({ url: typed, cluster: name.nullable() }))
    .mutation(
      async ({
        ctx,
        input,
      }): Promise<({ status: 'up' } & ClusterTest) | { status: 'down'; problem: Problem }> => {
        try {
          return { status: 'up', ...(await ctx.services.clusters.test(input.url, input.cluster)) };
        } catch (error) {
          if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
          return { status: 'down', problem: problemOf(error) };
        }
      },
    ),

  register: rootProcedure
    .input(z.object({ name: typed, url: typed, untested }))
    .mutation(async ({ ctx, input }) => ({
      name: await ctx.services.clusters.add(input.name, input.url, input),
    })),

  update: rootProcedure
    .input(clusterInput.extend({ url: typed, untested }))
    .mutation(async ({ ctx, input }) => {
      await ctx.services.clusters.changeUrl(input.cluster, input.url, input);
      return { name: input.cluster };
    }),

  remove: rootProcedure.input(clusterInput).mutation(async ({ ctx, input }) => {
    await ctx.services.clusters.remove(input.cluster);
    return null;
  }),

  databases: rootProcedure
    .input(clusterInput)
    .query(({ ctx, input }) => ctx.services.clusters.databases(input.cluster)),

  /** One database's tables, views, sequences and types with sizes, row estimates and dependencies. */
  catalog: rootProcedure
    .input(databaseInput)
    .query(async ({ ctx, input }) =>
      (await ctx.services.clusters.connect(input.cluster)).catalog(input.database),
    ),

  /** The ranges of one table and who serves them, with the nodes to name them by. */
  tableMap: rootProcedure
    .input(clusterInput.extend({ table: objectNameSchema }))
    .query(async ({ ctx, input }) => {
      const cluster = await ctx.services.clusters.connect(input.cluster);
      const [map, info] = await Promise.all([rangeMap(cluster, input.table), cluster.describe()]);
      return { ...map, nodes: info.nodes };
    }),

  /** How far back each table of a database can be read. */
  gcWindows: rootProcedure
    .input(databaseInput)
    .query(async ({ ctx, input }) =>
      (await ctx.services.clusters.connect(input.cluster)).gcWindows(input.database),
    ),

  /** How the past of a cluster is retained that keeps none by itself, what there is of it, and what that costs. */
  retention: rootProcedure.input(clusterInput).query(async ({ ctx, input }) => {
    const { retention } = ctx.services.clusters;
    const cluster = await ctx.services.clusters.connect(input.cluster);
    const [policy, databases] = await Promise.all([
      retention.policy(input.cluster),
      retention.retained(input.cluster),
    ]);
    return {
      policy,
      databases: await Promise.all(
        databases.map(async (one) => ({
          ...one,
          heldBack: await cluster.heldBack(one.database).catch(() => null),
        })),
      ),
    };
  }),

  setRetention: rootProcedure
    .input(
      clusterInput.extend({
        policy: z.object({
          enabled: z.boolean(),
          everySeconds: z.number().int().min(1),
          windowSeconds: z.number().int().min(1),
        }),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      await ctx.services.clusters.retention.setPolicy(input.cluster, input.policy);
      return null;
    }),

  /** What incremental backups need or gain by, and whether it is there. */
  prerequisites: rootProcedure
    .input(clusterInput.extend({ database: name.optional() }))
    .query(async ({ ctx, input }) =>
      (await ctx.services.clusters.connect(input.cluster)).prerequisites(input.database),
    ),

  /** Turns a prerequisite on, in the cluster or one database of it. */
  meet: rootProcedure
    .input(clusterInput.extend({ id: name, database: name.optional() }))
    .mutation(async ({ ctx, input }) => {
      await (await ctx.services.clusters.connect(input.cluster)).meet(input.id, input.database);
      return null;
    }),
});
