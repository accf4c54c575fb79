import type { TestProject } from 'vitest/node';
import { findBinary } from './binary.ts';
import { serveControl } from './control.ts';
import { LocalCluster } from './local-cluster.ts';

/** What a live test is told of its cluster. */
export interface LiveCluster {
  /** Of a node, with a user that has the admin role. */
  url: string;
  /** Of CockroachDB itself, for its `workload init`; null: there is none here. */
  binary: string | null;
  /** Where nodes can be killed and restarted; null: the cluster is somebody else's. */
  control: string | null;
}

declare module 'vitest' {
  interface ProvidedContext {
    cockroach: LiveCluster;
  }
}

/** Takes the cluster that `COCKROACH_URL` names, else starts one of three nodes and removes it afterwards. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const binary = findBinary();
  const url = process.env['COCKROACH_URL'];
  if (url !== undefined && url !== '') {
    project.provide('cockroach', { url, binary, control: null });
    return () => Promise.resolve();
  }
  if (binary === null)
    throw new Error('there is neither a cluster nor a binary: see vitest.cockroach.config.ts');
  const cluster = await LocalCluster.start(binary);
  const control = await serveControl(cluster);
  project.provide('cockroach', { url: cluster.url, binary, control: control.url });
  return async () => {
    control.close();
    await cluster.stop();
  };
}
