import { problemOf } from '../backup/check.ts';
import type { Cluster, ClusterKind, ClusterUser } from '../cluster/cluster.ts';
import { quoteIdent } from '../cluster/names.ts';
import { membershipsOf } from '../cluster/users.ts';
import { HoldfastError } from '../errors.ts';
import { readManifestAt } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { compareUsers, shownUser } from './compare-users.ts';
import type { RecreatedUser, UserComparison } from './compare-users.ts';
import { whyNotInto } from './into.ts';

export interface UserTools {
  connect: (cluster: string) => Promise<Cluster>;
  openStore: (location: Location) => Store;
}

/**
 * The users that backups carry, and recreating them. The manifest is opened here each time: hashes of passwords go from it
 * to the cluster and nowhere else. No job: each user is one transaction.
 */
export class BackedUpUsers {
  readonly #tools: UserTools;

  constructor(tools: UserTools) {
    this.#tools = tools;
  }

  /**
   * A backup's users beside those of a registered cluster. That this can't be told of the cluster is data; throws what
   * reading the manifest throws.
   */
  async compare(url: string, cluster: string): Promise<UserComparison> {
    const manifest = await this.#open(url);
    const { kind } = manifest.cluster;
    try {
      const target = await this.#target(cluster, kind);
      const info = await target.describe();
      return { users: compareUsers(usersOf(manifest), await target.users(), info), problem: null };
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return { users: usersOf(manifest).map((user) => shownUser(user, kind)), problem: problemOf(error) };
    }
  }

  /**
   * Creates users of a backup in a registered cluster, or updates those that are there. Roles come before their members.
   * What became of each is data, in the order in which it was done.
   */
  async recreate(
    url: string,
    cluster: string,
    names: readonly string[],
    how: 'create' | 'update',
  ): Promise<RecreatedUser[]> {
    const manifest = await this.#open(url);
    const { kind } = manifest.cluster;
    const users = new Map(usersOf(manifest).map((user) => [user.name, user]));
    const wanted = names.map((name) => {
      const user = users.get(name);
      if (user !== undefined) return user;
      throw new HoldfastError('undefined-object', `the backup has no user ${quoteIdent(name)}`, {
        hint: 'Open the backup again.',
        field: 'source',
      });
    });
    const target = await this.#target(cluster, kind);
    const results: RecreatedUser[] = [];
    let lost: HoldfastError | null = null;
    for (const user of rolesFirst(wanted, kind)) {
      try {
        if (lost !== null) throw lost;
        const notDone = await (how === 'create' ? target.createUser(user) : target.updateUser(user));
        results.push({ name: user.name, notDone, problem: null });
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        // Nobody waits for each of hundreds to time out.
        if (error.code === 'cluster-unavailable') lost = error;
        results.push({ name: user.name, notDone: [], problem: problemOf(error) });
      }
    }
    return results;
  }

  #open(url: string): Promise<Manifest> {
    return readManifestAt(parseLocation(url, 'source'), this.#tools.openStore);
  }

  async #target(name: string, of: ClusterKind): Promise<Cluster> {
    const cluster = await this.#tools.connect(name);
    const refused = whyNotInto(await cluster.describe(), of);
    if (refused !== null) throw refused;
    return cluster;
  }
}

/** Those of a simulated cluster are made up, as its rows are, and are no roles of any server. */
function usersOf({ cluster, users }: Manifest): ClusterUser[] {
  return cluster.kind === 'simulated' ? [] : users;
}

/** What a user is a member of before the user. Memberships go round in no circle, and one in a damaged backup ends. */
function rolesFirst(users: readonly ClusterUser[], kind: ClusterKind): ClusterUser[] {
  const byName = new Map(users.map((user) => [user.name, user]));
  const ordered = new Set<ClusterUser>();
  const begun = new Set<ClusterUser>();
  const visit = (user: ClusterUser): void => {
    if (begun.has(user)) return;
    begun.add(user);
    for (const { role } of membershipsOf(user, kind)) {
      const needed = byName.get(role);
      if (needed !== undefined) visit(needed);
    }
    ordered.add(user);
  };
  users.forEach(visit);
  return [...ordered];
}
