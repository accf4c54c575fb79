import { repeat, type Repeating } from '../clock.ts';
import type { Cluster, ClusterNode } from '../cluster/cluster.ts';
import type { JobId } from './job.ts';
import { NODES_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** Tells a job's log of nodes of its cluster that go away and come back while it runs. */
export function watchNodes(
  jobId: JobId,
  tools: EngineTools,
  cluster: Cluster,
  nodes: readonly ClusterNode[],
): Repeating {
  let before = liveness(nodes);
  return repeat(tools.clock, NODES_MS, async () => {
    try {
      const now = liveness((await cluster.describe()).nodes);
      for (const line of changes(before, now)) await tools.jobs.log(jobId, line.message, line.level);
      before = now;
    } catch {
      // Whoever reads from it says so.
    }
  });
}

function liveness(nodes: readonly ClusterNode[]): Map<string, boolean> {
  return new Map(nodes.map(({ id, live }) => [id, live]));
}

interface Line {
  message: string;
  level: 'info' | 'warning';
}

function changes(before: ReadonlyMap<string, boolean>, now: ReadonlyMap<string, boolean>): Line[] {
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
    (id) => (before.get(id) === true) !== (now.get(id) === true),
  );
  return changed.map((id) =>
    now.get(id) === true
      ? { message: `Node ${id} is there again.`, level: 'info' }
      : {
          message: `Node ${id} is gone: its ranges are read from whichever node serves them then.`,
          level: 'warning',
        },
  );
}
