import { randomBytes, randomInt } from 'node:crypto';

/** What a client needs to cancel from another connection, as PostgreSQL's BackendKeyData. */
export interface CancelKey {
  processId: number;
  secret: Buffer;
}

/** Which session a CancelRequest means. */
export class Cancels {
  readonly #sessions = new Map<number, { secret: Buffer; cancel: () => void }>();

  /** Makes a key for a session, valid until `remove`. */
  add(cancel: () => void): CancelKey {
    let processId: number;
    do processId = randomInt(1, 2 ** 31);
    while (this.#sessions.has(processId));
    const secret = randomBytes(4);
    this.#sessions.set(processId, { secret, cancel });
    return { processId, secret };
  }

  remove(key: CancelKey): void {
    this.#sessions.delete(key.processId);
  }

  /** Acts on a CancelRequest message (16 bytes). One that fits no session is ignored: the sender is told nothing. */
  request(message: Uint8Array): void {
    if (message.byteLength !== 16) return;
    const bytes = Buffer.from(message);
    const session = this.#sessions.get(bytes.readInt32BE(8));
    if (session?.secret.equals(bytes.subarray(12))) session.cancel();
  }
}
