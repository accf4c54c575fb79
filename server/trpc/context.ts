import type { Session } from '../accounts/sessions.ts';
import type { Services } from '../services.ts';

/** What every procedure gets. */
export interface RequestContext {
  services: Services;
  /** Root's session, from the cookie; null when nobody is logged in. */
  session: Session | null;
  /** For throttling of log-in attempts. */
  clientAddress: string;
  userAgent: string;
  /** Adds a Set-Cookie header to the answer. */
  setCookie(header: string): void;
}
