import { type Answer, succeeded } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { directoryPath } from './paths.ts';

/**
 * Makes directories (collections, as WebDAV calls them; RFC 4918, 9.3) and remembers those that are there. None is ever removed:
 * WebDAV removes a collection with whatever is in it, which another writer may have put there a moment ago.
 */
export class Collections {
  readonly #exchange: Exchange;
  readonly #known = new Set<string>();
  readonly #making = new Map<string, Promise<void>>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /**
   * Sees to it that a directory is there, where the server lets directories be made; where it doesn't, the PUT will tell. Answers
   * whether it was known before. Throws StoreError.
   */
  async ensure(directory: readonly string[], about: string): Promise<boolean> {
    const path = directoryPath(directory);
    if (directory.length === 0 || this.#known.has(path)) return true;
    // Many files of one directory are written at once.
    const making = this.#making.get(path) ?? this.#make(directory, about);
    this.#making.set(path, making);
    try {
      await making;
      this.#known.add(path);
    } finally {
      this.#making.delete(path);
    }
    return false;
  }

  /** Somebody has removed it. */
  forget(directory: readonly string[]): void {
    for (let depth = directory.length; depth > 0; depth--)
      this.#known.delete(directoryPath(directory.slice(0, depth)));
  }

  /** From the deepest up: mostly its parent is there. */
  async #make(directory: readonly string[], about: string): Promise<void> {
    const answer = await this.#mkcol(directory, about);
    if (!lacksParent(answer) || directory.length === 1) return;
    await this.ensure(directory.slice(0, -1), about);
    await this.#mkcol(directory, about);
  }

  /** 405 or a redirect: it is there already, or there is no such method. */
  async #mkcol(directory: readonly string[], about: string): Promise<Answer> {
    const answer = await this.#exchange.tell({ method: 'MKCOL', path: directoryPath(directory), about });
    const passing = succeeded(answer) || answer.status < 429 || answer.status === 501;
    if (answer.status === 401 || answer.status === 423 || !passing) throw this.#exchange.refusal(answer);
    return answer;
  }
}

/** RFC 4918, 9.3.1, says 409; some say 404. */
function lacksParent({ status }: Answer): boolean {
  return status === 409 || status === 404;
}
