import { type ClusterNode, nodeId } from '../cluster.ts';
import { bank } from './bank.ts';
import { pick } from './define.ts';
import type { World } from './model.ts';
import { shop } from './shop.ts';
import type { SimulationOptions } from './url.ts';

/** Goes up whenever the same URL means other bytes than before. */
export const RULES_VERSION = '1.1';

const REGIONS = ['eu-west', 'us-east', 'ap-south'];
const ZONES = ['a', 'b', 'c'];
const SHOP_SHARE = 0.6;

/** Nodes spread over regions first, then over each region's zones. */
export function simulatedNodes(count: number): ClusterNode[] {
  return Array.from({ length: count }, (_, index) => {
    const region = pick(REGIONS, index % REGIONS.length);
    const zone = pick(ZONES, Math.floor(index / REGIONS.length) % ZONES.length);
    return {
      id: nodeId(index + 1),
      address: `sim-${index + 1}:26257`,
      locality: `region=${region},zone=${region}-${zone}`,
      live: true,
      direct: true,
    };
  });
}

/** The cluster behind a URL: the databases `shop` and `bank`. Costs nothing: rows come when they are read. */
export function simulatedWorld(options: SimulationOptions): World {
  const { nodes, seed, rows, rangeBytes, every, changes, unrest } = options;
  const shopRows = Math.round(rows * SHOP_SHARE);
  return {
    identity: `simulation ${RULES_VERSION}, seed ${seed}, ${rows} rows, ${
      changes === 0 ? 'unchanging' : `${changes} % changed every ${every} s`
    }`,
    seed,
    nodes: simulatedNodes(nodes),
    rangeBytes,
    changes: changes === 0 ? null : { stepSeconds: every, cycleSteps: Math.round(100 / changes) },
    unrest,
    databases: [bank(rows - shopRows), shop(shopRows)],
  };
}
