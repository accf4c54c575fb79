import { HoldfastError } from '../../errors.ts';
import { StoreError, type StoreErrorCode } from '../../storage/store.ts';
import type { Chance } from './chance.ts';
import type { Process } from './process.ts';
import type { Luck, Service } from './service.ts';
import type { Timeline } from './timeline.ts';

/** How bad it gets, drawn anew for each schedule: shares are from 0 to 1, times in milliseconds. */
export interface Climate {
  /** For how long anything goes wrong. */
  roughMs: number;
  /** What a call takes, about. */
  paceMs: number;
  /** Of calls to the metadata store, to the storage and to the source. */
  refused: number;
  unanswered: number;
  storageRefused: number;
  storageUnanswered: number;
  sourceRefused: number;
  /** So many times that long each is away: for all, or for one engine only. */
  outages: number;
  /** Times that the storage is full, or denies writing. */
  closures: number;
  /** The storage lets nobody remove anything. */
  keepsAll: boolean;
  /** After a call, its process is killed with that chance, as often as `kills` at most. */
  killed: number;
  kills: number;
  /** Engines that are stopped, and are to end what they do. */
  stops: number;
  /** Engines that stand still for a while, as a machine does that is suspended. */
  freezes: number;
  /** Times of day that jump. */
  jumps: number;
  /** Requests of root. */
  requests: number;
}

export function drawClimate(chance: Chance): Climate {
  const sometimes = <T>(share: number, value: () => T, none: T): T =>
    chance.happens(share) ? value() : none;
  const rare = () => chance.scale(0.002, 0.1);
  return {
    roughMs: chance.scale(5_000, 120_000),
    paceMs: chance.scale(1, 300),
    refused: sometimes(0.3, rare, 0),
    unanswered: sometimes(0.3, rare, 0),
    storageRefused: sometimes(0.4, rare, 0),
    storageUnanswered: sometimes(0.4, rare, 0),
    sourceRefused: sometimes(0.3, rare, 0),
    outages: sometimes(0.4, () => chance.between(1, 3), 0),
    closures: sometimes(0.2, () => chance.between(1, 2), 0),
    keepsAll: chance.happens(0.04),
    killed: sometimes(0.6, () => chance.scale(0.001, 0.05), 0),
    kills: chance.between(1, 6),
    stops: sometimes(0.3, () => chance.between(1, 2), 0),
    freezes: sometimes(0.2, () => chance.between(1, 2), 0),
    jumps: sometimes(0.3, () => chance.between(1, 3), 0),
    requests: sometimes(0.5, () => chance.between(1, 5), 0),
  };
}

/** A time in which a service fails for all, or for one. */
interface Spell {
  from: number;
  until: number;
  service: 'metadata' | 'storage' | 'source';
  /** Null: for all. */
  only: string | null;
  fails: 'away' | StoreErrorCode;
}

/** What services do in a climate, as long as it is rough: some calls fail, and for a while all do. */
export class Weather {
  readonly climate: Climate;
  readonly #timeline: Timeline;
  #roughUntil = 0;
  #spells: Spell[] = [];

  constructor(climate: Climate, timeline: Timeline) {
    this.climate = climate;
    this.#timeline = timeline;
  }

  get isRough(): boolean {
    return this.#timeline.now < this.#roughUntil;
  }

  /** It is rough from now on, for as long as the climate has it. `engines`: who there is. */
  begin(engines: readonly string[]): void {
    const { chance, now } = this.#timeline;
    const { roughMs, outages, closures } = this.climate;
    this.#roughUntil = now + roughMs;
    const spell = (service: Spell['service'], fails: Spell['fails'], only: string | null): Spell => {
      const from = now + roughMs * chance.next() ** 2;
      return {
        service,
        fails,
        only,
        from,
        until: Math.min(this.#roughUntil, from + chance.scale(500, 120_000)),
      };
    };
    this.#spells = [];
    for (let count = 0; count < outages; count++) {
      const [first = null, ...others] = engines;
      const only = chance.happens(0.3) ? (first === null ? null : chance.of([first, ...others])) : null;
      this.#spells.push(spell(chance.of(['metadata', 'metadata', 'storage', 'source']), 'away', only));
    }
    for (let count = 0; count < closures; count++)
      this.#spells.push(spell('storage', chance.of(['no-space', 'denied']), null));
  }

  /** Whether a process could not be heard of, by the metadata store, at any time since then. */
  wasAwaySince(time: number, process: string): boolean {
    const { now } = this.#timeline;
    return this.#spells.some(
      ({ service, from, until, only }) =>
        service === 'metadata' && from <= now && until >= time && (only === null || only === process),
    );
  }

  readonly metadata: Service = {
    name: 'metadata',
    luck: (process) =>
      this.#luck(process, 'metadata', this.climate.refused, this.climate.unanswered, {
        refusal: () => outage('connect ECONNREFUSED', 'ECONNREFUSED'),
        silence: () => outage('Connection terminated unexpectedly'),
      }),
  };

  readonly storage: Service = {
    name: 'storage',
    luck: (process, what) => {
      const file = what.split(' ')[1] ?? null;
      if (this.climate.keepsAll && what.startsWith('remove'))
        return {
          ...this.#times(),
          refused: new StoreError('denied', 'removing is denied', file),
          unanswered: null,
        };
      const closed = this.#spell(process, 'storage');
      if (closed !== null && closed.fails !== 'away') {
        const refused = what.startsWith('put')
          ? new StoreError(closed.fails, `no ${what}: ${closed.fails}`, file)
          : null;
        return { ...this.#times(), refused, unanswered: null };
      }
      return this.#luck(process, 'storage', this.climate.storageRefused, this.climate.storageUnanswered, {
        refusal: () => new StoreError('transient', `no ${what}: try later`, file),
        silence: () => new StoreError('transient', `no answer to ${what}`, file),
      });
    },
  };

  readonly source: Service = {
    name: 'source',
    luck: (process, what) =>
      this.#luck(process, 'source', this.climate.sourceRefused, 0, {
        refusal: () => new HoldfastError('cluster-unavailable', `no ${what}: the connection was lost`),
        silence: () => new HoldfastError('cluster-unavailable', `no answer to ${what}`),
      }),
  };

  #luck(
    process: Process,
    service: Spell['service'],
    refused: number,
    unanswered: number,
    { refusal, silence }: { refusal: () => Error; silence: () => Error },
  ): Luck {
    const { chance } = this.#timeline;
    const away = this.#spell(process, service) !== null;
    return {
      ...this.#times(),
      refused: away || (this.isRough && chance.happens(refused)) ? refusal() : null,
      unanswered: this.isRough && chance.happens(unanswered) ? silence() : null,
    };
  }

  /** Most calls are answered as soon as they are done; that is one event less. */
  #times(): { there: number; back: number } {
    const { chance } = this.#timeline;
    const { paceMs } = this.climate;
    const pace = this.isRough ? paceMs : Math.min(20, paceMs);
    return {
      there: pace * chance.scale(0.1, 5),
      back: chance.happens(0.2) ? pace * chance.scale(0.1, 5) : 0,
    };
  }

  #spell(process: Process, service: Spell['service']): Spell | null {
    const { now } = this.#timeline;
    return (
      this.#spells.find(
        (spell) =>
          spell.service === service &&
          spell.from <= now &&
          now < spell.until &&
          (spell.only === null || spell.only === process.name),
      ) ?? null
    );
  }
}

/** What the driver says of a server that is gone: `isOutage` knows it. */
function outage(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
