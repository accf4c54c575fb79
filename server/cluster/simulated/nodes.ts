import { type ClusterNode, type NodeId } from '../cluster.ts';
import { HoldfastError } from '../../errors.ts';
import { pick } from './define.ts';
import type { World } from './model.ts';
import { below, happens, hash } from './random.ts';

/** What the hashes of nodes are told apart by. */
const DOWN = 0xd0;
const SLOW = 0x510;
const STEADY = 0x57e;

/** Which nodes are up and which are slow at a time, in milliseconds since 1970: functions of the seed. */
export class Nodes {
  readonly #world: World;
  readonly #steady: number[];

  constructor(world: World) {
    this.#world = world;
    this.#steady = world.nodes.flatMap((node, index) => (node.live ? [index] : []));
  }

  at(time: number): ClusterNode[] {
    return this.#world.nodes.map((node, index) => ({ ...node, live: this.#isLive(index, time) }));
  }

  isLive(id: NodeId, time: number): boolean {
    return this.#isLive(this.#index(id), time);
  }

  isSlow(id: NodeId, time: number): boolean {
    const { seed, unrest } = this.#world;
    return happens(unrest.slow, hash(seed, this.#index(id), SLOW, this.#spell(time)));
  }

  /** The node that the hash falls on, or where that is down the next one that is up. */
  liveAt(hashed: number, time: number): NodeId {
    const { nodes } = this.#world;
    const first = below(nodes.length, hashed);
    for (let step = 0; step < nodes.length; step++) {
      const index = (first + step) % nodes.length;
      if (this.#isLive(index, time)) return pick(nodes, index).id;
    }
    throw new HoldfastError('cluster-unavailable', 'no node of the simulated cluster is up');
  }

  #isLive(index: number, time: number): boolean {
    const { seed, nodes, unrest } = this.#world;
    if (!pick(nodes, index).live) return false;
    if (unrest.down === 0) return true;
    const spell = this.#spell(time);
    if (!happens(unrest.down, hash(seed, index, DOWN, spell))) return true;
    return index === pick(this.#steady, below(this.#steady.length, hash(seed, STEADY, spell)));
  }

  #spell(time: number): number {
    return Math.floor(time / (this.#world.unrest.spellSeconds * 1000));
  }

  #index(id: NodeId): number {
    const index = this.#world.nodes.findIndex((node) => node.id === id);
    if (index < 0) throw new HoldfastError('cluster-unavailable', `the simulated cluster has no node ${id}`);
    return index;
  }
}
