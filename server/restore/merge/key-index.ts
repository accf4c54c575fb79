import { hash } from 'node:crypto';
import { HoldfastError } from '../../errors.ts';

/** Keys up to so many bytes are held as they are, longer ones by their SHA-256. */
export const LONGEST_HELD = 40;
const DIGEST_BYTES = 32;

/** Before a key in its record: its length, or DIGESTED, and its layer in two bytes. */
const HEAD_BYTES = 3;
const DIGESTED = 255;

/** Slots a key: fewer make long ways past those that are taken. */
const ROOM = 1.5;
/** Of a slot: where the record is, and the key's hash. */
const SLOT_BYTES = 8;

const SEGMENT_BYTES = 1024 * 1024;
/** A slot says in 32 bits where its record is. */
const MOST_RECORD_BYTES = 2 ** 32 - SEGMENT_BYTES;

/** What an index takes of memory for each key, in bytes, where keys have so many bytes at most. */
export function bytesAKey(keyBytes: number): number {
  return ROOM * SLOT_BYTES + HEAD_BYTES + Math.min(keyBytes, LONGEST_HELD);
}

/**
 * Keys, each with the newest layer that speaks of it. A key is the bytes of its columns in COPY text. Keys are compared byte by
 * byte, those longer than LONGEST_HELD by SHA-256: no two keys are ever taken for one.
 *
 * Open addressing with linear probing over typed arrays, and the keys behind each other in segments: nothing of it is an object
 * of its own.
 */
export class KeyIndex {
  readonly #mostKeys: number;
  /** Where the slot's record is, counted from 1; 0: the slot is free. */
  readonly #records: Uint32Array;
  readonly #hashes: Uint32Array;
  readonly #segments: Buffer[] = [];
  /** Where the next record goes. */
  #end = 0;
  #keys = 0;

  /** `mostKeys`: as many as the manifests say. */
  constructor(mostKeys: number) {
    const slots = Math.ceil(mostKeys * ROOM) + 1;
    this.#mostKeys = mostKeys;
    this.#records = new Uint32Array(slots);
    this.#hashes = new Uint32Array(slots);
  }

  get size(): number {
    return this.#keys;
  }

  /** A layer speaks of the key between these places. Throws `corrupt-backup` for more keys than there are to be. */
  add(bytes: Buffer, start: number, end: number, layer: number): void {
    if (end - start > LONGEST_HELD) {
      const digest = digestOf(bytes, start, end);
      this.#add(digest, 0, DIGEST_BYTES, DIGESTED, layer);
    } else this.#add(bytes, start, end, end - start, layer);
  }

  /** The newest layer that speaks of the key; -1 where none does. */
  newestOf(bytes: Buffer, start: number, end: number): number {
    if (end - start <= LONGEST_HELD) return this.#layerIn(this.#find(bytes, start, end, end - start));
    return this.#layerIn(this.#find(digestOf(bytes, start, end), 0, DIGEST_BYTES, DIGESTED));
  }

  #add(bytes: Buffer, start: number, end: number, tag: number, layer: number): void {
    const slot = this.#find(bytes, start, end, tag);
    const record = this.#records[slot] ?? 0;
    if (record !== 0) {
      const { segment, at } = this.#record(record);
      if (segment.readUInt16LE(at + 1) < layer) segment.writeUInt16LE(layer, at + 1);
      return;
    }
    // One more would leave no free slot to stop at, sooner or later.
    if (this.#keys === this.#mostKeys)
      throw new HoldfastError(
        'corrupt-backup',
        `what changed has more than the ${this.#mostKeys} keys of the manifests`,
        { hint: 'Do not restore from this backup. Use another one, or another copy of it.' },
      );
    this.#hashes[slot] = this.#lastHash;
    this.#records[slot] = this.#append(bytes, start, end, tag, layer) + 1;
    this.#keys += 1;
  }

  /** Of what `#find` looked for last. */
  #lastHash = 0;

  /** The key's slot, or the free one where it would be. */
  #find(bytes: Buffer, start: number, end: number, tag: number): number {
    const records = this.#records;
    const slots = records.length;
    const wanted = hashOf(bytes, start, end);
    this.#lastHash = wanted;
    // The hash's share of all hashes is the slot's of all slots.
    let slot = Math.floor((wanted * slots) / 2 ** 32);
    for (;;) {
      const record = records[slot] ?? 0;
      if (record === 0) return slot;
      if (this.#hashes[slot] === wanted && this.#holds(record, bytes, start, end, tag)) return slot;
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
  }

  #holds(record: number, bytes: Buffer, start: number, end: number, tag: number): boolean {
    const { segment, at } = this.#record(record);
    if (segment[at] !== tag) return false;
    for (let from = start, held = at + HEAD_BYTES; from < end; from++, held++)
      if (bytes[from] !== segment[held]) return false;
    return true;
  }

  #layerIn(slot: number): number {
    const record = this.#records[slot] ?? 0;
    if (record === 0) return -1;
    const { segment, at } = this.#record(record);
    return segment.readUInt16LE(at + 1);
  }

  #record(record: number): { segment: Buffer; at: number } {
    const place = record - 1;
    const segment = this.#segments[Math.floor(place / SEGMENT_BYTES)];
    if (segment === undefined) throw new HoldfastError('internal', 'an index of keys has lost a segment');
    return { segment, at: place % SEGMENT_BYTES };
  }

  /** Answers where the record is. */
  #append(bytes: Buffer, start: number, end: number, tag: number, layer: number): number {
    const length = HEAD_BYTES + end - start;
    const inSegment = this.#end % SEGMENT_BYTES;
    // A record is in one segment.
    if (inSegment + length > SEGMENT_BYTES) this.#end += SEGMENT_BYTES - inSegment;
    if (this.#end === this.#segments.length * SEGMENT_BYTES) {
      if (this.#end >= MOST_RECORD_BYTES)
        throw new HoldfastError('internal', 'an index of keys is too large');
      this.#segments.push(Buffer.allocUnsafeSlow(SEGMENT_BYTES));
    }
    const place = this.#end;
    const { segment, at } = this.#record(place + 1);
    segment[at] = tag;
    segment.writeUInt16LE(layer, at + 1);
    bytes.copy(segment, at + HEAD_BYTES, start, end);
    this.#end += length;
    return place;
  }
}

function digestOf(bytes: Buffer, start: number, end: number): Buffer {
  return hash('sha256', bytes.subarray(start, end), 'buffer');
}

/** MurmurHash3, 32 bits: only for where to look. https://github.com/aappleby/smhasher/wiki/MurmurHash3 */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hashed = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const four =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hashed ^= scrambled(four);
    hashed = (hashed << 13) | (hashed >>> 19);
    hashed = (Math.imul(hashed, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let shift = 0; at < end; at++, shift += 8) rest |= (bytes[at] ?? 0) << shift;
  hashed ^= scrambled(rest);
  hashed ^= end - start;
  hashed = Math.imul(hashed ^ (hashed >>> 16), 0x85ebca6b);
  hashed = Math.imul(hashed ^ (hashed >>> 13), 0xc2b2ae35);
  return (hashed ^ (hashed >>> 16)) >>> 0;
}

function scrambled(four: number): number {
  const once = Math.imul(four, 0xcc9e2d51);
  return Math.imul((once << 15) | (once >>> 17), 0x1b873593);
}
