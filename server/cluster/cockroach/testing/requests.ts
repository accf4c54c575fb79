import { Fields, type Message } from './messages.ts';
import type { Request } from './recording.ts';

/**
 * Follows what one client sends and puts it together into requests: one for each simple query, one for each sequence
 * of the extended protocol up to its Sync. Knows what pg sends, no more.
 */
export class RequestReader {
  readonly #node: number;
  readonly #statements = new Map<string, string>();
  #database = '';
  #user = '';
  #within: string | null = null;
  #open: Pick<Request, 'sql' | 'parameters'> | null = null;

  constructor(node: number) {
    this.#node = node;
  }

  /** Takes the client's next message; answers the request that is complete with it. */
  take({ kind, body }: Message): Request | null {
    const fields = new Fields(body);
    switch (kind) {
      case 'startup':
        this.#start(fields);
        return null;
      case 'Q':
        return this.#complete({ sql: fields.text(), parameters: null });
      case 'P':
        this.#statements.set(fields.text(), fields.text());
        return null;
      case 'B':
        this.#bind(fields);
        return null;
      case 'S': {
        const open = this.#open;
        this.#open = null;
        return open === null ? null : this.#complete(open);
      }
      default:
        return null;
    }
  }

  #start(fields: Fields): void {
    fields.skip(4);
    while (!fields.done) {
      const name = fields.text();
      if (name === '') return;
      const value = fields.text();
      if (name === 'database') this.#database = value;
      if (name === 'user') this.#user = value;
    }
  }

  #bind(fields: Fields): void {
    fields.text();
    const sql = this.#statements.get(fields.text()) ?? '';
    fields.skip(2 * fields.int16());
    const parameters = Array.from({ length: fields.int16() }, () => fields.value());
    this.#open = { sql, parameters };
  }

  #complete({ sql, parameters }: Pick<Request, 'sql' | 'parameters'>): Request {
    const request = {
      node: this.#node,
      database: this.#database,
      user: this.#user,
      within: this.#within,
      sql,
      parameters,
    };
    if (/^BEGIN\b/i.test(sql)) this.#within = sql;
    if (/^(COMMIT|ROLLBACK)\b/i.test(sql)) this.#within = null;
    return request;
  }
}
