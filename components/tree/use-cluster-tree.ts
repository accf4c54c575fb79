'use client';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { CatalogObject } from '../../server/cluster/cluster.ts';
import { describeError, useTRPC } from '../trpc.ts';
import { comesWith } from '../selection/catalog.ts';
import type { TreeDatabase, TreeObject } from './model.ts';

const shapes = new WeakMap<readonly CatalogObject[], TreeObject[]>();

/** A catalog as the tree takes it; the same array for the same catalog, so that nothing is sorted twice. */
function treeObjects(objects: readonly CatalogObject[]): TreeObject[] {
  const known = shapes.get(objects);
  if (known !== undefined) return known;
  const made = objects.map((object): TreeObject => ({
    kind: object.kind,
    name: object.name,
    rows: object.rows,
    exact: false,
    bytes: object.bytes,
    unsupported: object.unsupported,
    comesWith: comesWith(object),
  }));
  shapes.set(objects, made);
  return made;
}

/** A cluster's databases for the tree, each with its catalog once it is wanted. */
export function useClusterTree(
  cluster: string,
  wanted: (database: string, first: boolean) => boolean,
  showSystem: boolean,
) {
  const trpc = useTRPC();
  const databases = useQuery(trpc.clusters.databases.queryOptions({ cluster }, { staleTime: 30_000 }));
  const listed = useMemo(
    () =>
      (databases.data ?? [])
        .filter((database) => showSystem || !database.system)
        .sort((a, b) => Number(a.system) - Number(b.system) || (a.name < b.name ? -1 : 1)),
    [databases.data, showSystem],
  );
  const asked = listed.filter((database, index) => wanted(database.name, index === 0));
  const catalogs = useQueries({
    queries: asked.map(({ name }) =>
      trpc.clusters.catalog.queryOptions({ cluster, database: name }, { staleTime: 60_000 }),
    ),
  });
  const byName = new Map(asked.map(({ name }, index) => [name, catalogs[index]]));

  const tree = listed.map(({ name, bytes }): TreeDatabase => {
    const catalog = byName.get(name);
    if (catalog === undefined) return { name, bytes, content: { status: 'unloaded' } };
    if (catalog.data !== undefined) {
      return { name, bytes, content: { status: 'loaded', objects: treeObjects(catalog.data.objects) } };
    }
    if (catalog.error !== null) {
      return { name, bytes, content: { status: 'error', message: describeError(catalog.error).message } };
    }
    return { name, bytes, content: { status: 'loading' } };
  });
  const objects = (database: string): readonly CatalogObject[] => byName.get(database)?.data?.objects ?? [];
  const hasSystem = databases.data?.some((database) => database.system) ?? false;
  return { databases, tree, objects, hasSystem };
}
