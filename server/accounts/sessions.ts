import { createHash, randomBytes } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { Metadata } from '../metadata/open.ts';

export interface Session {
  user: string;
  /** SHA-256 of the token: the session's name in the metadata store. */
  tokenHash: string;
}

export interface Client {
  address: string;
  userAgent: string;
}

const COOKIE = 'holdfast_session';
const LIFETIME_SECONDS = 12 * 60 * 60;

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Sessions in the metadata store, so that every console knows them and logging out ends them everywhere. */
export class Sessions {
  readonly #metadata: Metadata;
  readonly #now: () => Date;

  constructor(metadata: Metadata, now: () => Date) {
    this.#metadata = metadata;
    this.#now = now;
  }

  /** Answers the Set-Cookie header that begins the session. */
  async begin(user: string, client: Client, secure: boolean): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const now = this.#now();
    await this.#metadata.db.deleteFrom('sessions').where('expires_at', '<', now).execute();
    await this.#metadata.db
      .insertInto('sessions')
      .values({
        token_hash: hashOf(token),
        user_name: user,
        created_at: now,
        expires_at: new Date(now.getTime() + LIFETIME_SECONDS * 1000),
        address: client.address,
        user_agent: client.userAgent.slice(0, 500),
      })
      .execute();
    return stringifySetCookie({
      name: COOKIE,
      value: token,
      httpOnly: true,
      sameSite: 'strict',
      secure,
      path: '/',
      maxAge: LIFETIME_SECONDS,
    });
  }

  /** The session of a Cookie header; null when there is none, or it has ended. */
  async find(cookieHeader: string | undefined): Promise<Session | null> {
    const token = parseCookie(cookieHeader ?? '')[COOKIE];
    if (token === undefined || token === '') return null;
    const tokenHash = hashOf(token);
    const row = await this.#metadata.db
      .selectFrom('sessions')
      .select('user_name')
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', this.#now())
      .executeTakeFirst();
    return row === undefined ? null : { user: row.user_name, tokenHash };
  }

  /** Ends the session; answers the Set-Cookie header that clears the cookie. */
  async end(session: Session): Promise<string> {
    await this.#metadata.db.deleteFrom('sessions').where('token_hash', '=', session.tokenHash).execute();
    return stringifySetCookie({
      name: COOKIE,
      value: '',
      httpOnly: true,
      sameSite: 'strict',
      path: '/',
      maxAge: 0,
    });
  }
}
