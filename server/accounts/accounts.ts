import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { HoldfastError } from '../errors.ts';
import type { Metadata } from '../metadata/open.ts';
import { generatePassword, hashPassword, passwordMatches } from './passwords.ts';
import { Sessions } from './sessions.ts';
import type { Client, Session } from './sessions.ts';

const ATTEMPTS = 10;
const ATTEMPTS_WINDOW_SECONDS = 300;

/** Only root exists and only root may do anything: logging in, for the browser and for the wire. */
export class Accounts {
  readonly #metadata: Metadata;
  readonly sessions: Sessions;
  readonly #secureCookies: boolean;
  readonly #limiter: RateLimiterPostgres;
  /** Verified against when the user is unknown, so that the answer takes as long. */
  #decoy: Promise<string> | null = null;

  constructor(metadata: Metadata, options: { now: () => Date; secureCookies: boolean }) {
    this.#metadata = metadata;
    this.sessions = new Sessions(metadata, options.now);
    this.#secureCookies = options.secureCookies;
    this.#limiter = new RateLimiterPostgres({
      storeClient: metadata.pool,
      storeType: 'pool',
      tableName: 'login_attempts',
      tableCreated: true,
      keyPrefix: 'login',
      points: ATTEMPTS,
      duration: ATTEMPTS_WINDOW_SECONDS,
    });
  }

  /**
   * Checks a name and a password. Failed attempts count for the client's address and the name together:
   * `throttled` says how long to wait. Right ones clear the count.
   */
  async check(user: string, password: string, address: string): Promise<boolean> {
    const key = `${address} ${user.slice(0, 63)}`;
    const before = await this.#limiter.get(key);
    if (before !== null && before.consumedPoints >= ATTEMPTS) throw tooMany(before.msBeforeNext);
    const row = await this.#metadata.db
      .selectFrom('users')
      .select('password_hash')
      .where('name', '=', user)
      .executeTakeFirst();
    this.#decoy ??= hashPassword(generatePassword());
    const matches = await passwordMatches(row?.password_hash ?? (await this.#decoy), password);
    if (row !== undefined && matches) {
      if (before !== null) await this.#limiter.delete(key);
      return true;
    }
    await this.#limiter.penalty(key);
    return false;
  }

  /** Logs in from the browser; answers the session's Set-Cookie header. */
  async logIn(user: string, password: string, client: Client): Promise<{ user: string; cookie: string }> {
    if (!(await this.check(user, password, client.address))) {
      throw new HoldfastError('not-authenticated', 'The name or the password is wrong.', {
        field: 'password',
        hint: 'root’s first password was printed when Holdfast started for the first time.',
      });
    }
    return { user, cookie: await this.sessions.begin(user, client, this.#secureCookies) };
  }

  logOut(session: Session): Promise<string> {
    return this.sessions.end(session);
  }
}

function tooMany(msBeforeNext: number): HoldfastError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return new HoldfastError('throttled', `Too many attempts to log in; wait ${seconds} s.`, {
    field: 'password',
    hint: `After ${ATTEMPTS} failed attempts in ${ATTEMPTS_WINDOW_SECONDS / 60} minutes, further ones are refused.`,
  });
}
