/**
 * Numbers that look random and are a function of what they are asked for: any process, at any time and in any
 * order, gets the same ones. Murmur3's mixing and finaliser: https://github.com/aappleby/smhasher
 */
export function hash(...parts: number[]): number {
  let state = 0;
  for (const part of parts) {
    let k = Math.imul(part | 0, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    state ^= Math.imul(k, 0x1b873593);
    state = (state << 13) | (state >>> 19);
    state = (Math.imul(state, 5) + 0xe6546b64) | 0;
  }
  state ^= state >>> 16;
  state = Math.imul(state, 0x85ebca6b);
  state ^= state >>> 13;
  state = Math.imul(state, 0xc2b2ae35);
  state ^= state >>> 16;
  return state >>> 0;
}

/** A text as a number for `hash` (FNV-1a). */
export function hashText(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  return state >>> 0;
}

/** Of 0 to `count` - 1, the one that the hash falls on. */
export function below(count: number, hashed: number): number {
  return Math.floor((hashed / 2 ** 32) * count);
}

/** Whether what happens with that share of the hashes (0 to 1) does with this one. */
export function happens(share: number, hashed: number): boolean {
  return hashed / 2 ** 32 < share;
}
