import type { Outputs } from '../../trpc.ts';
import { nodeName } from '../words.ts';
import { nodeColor } from './colors.ts';

export type TableMap = Outputs['clusters']['tableMap'];

/** How the nodes of a map are called and coloured. */
export interface Leaseholders {
  name(node: string): string;
  /** Null for what no node is known of. */
  color(node: string | undefined): string | null;
}

/** A node that the cluster doesn't list any more has a name, and the colour after the others'. */
export function leaseholdersOf({ nodes }: Pick<TableMap, 'nodes'>): Leaseholders {
  const places = new Map<string, number>(nodes.map(({ id }, place) => [id, place]));
  return {
    name(node) {
      const known = nodes.find(({ id }) => id === node);
      return known === undefined ? `node ${node}` : nodeName(known);
    },
    color: (node) => (node === undefined ? null : nodeColor(places.get(node) ?? nodes.length)),
  };
}
