import { createHash, randomUUID } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { link, lstat, open, opendir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { checkName } from '../names.ts';
import { Directories, syncDirectory } from './directories.ts';
import { errnoOf, fromSystemError } from './errors.ts';
import { putBody, type Sending } from '../putting.ts';
import { checkRange, exists, notFound, said } from '../said.ts';
import { StoreError, type FileInfo, type PutOptions, type Store } from '../store.ts';

/** What a file is called while it is being written. Never listed, never readable under that name. */
const TEMPORARY = '.holdfast-tmp-';

const FILE_MODE = 0o640;
const READ_BUFFER = 256 * 1024;
/** Never through a link; never hanging on a named pipe. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WRITE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Somebody who tidies up may remove a directory between our making it and our using it. */
const DIRECTORY_ATTEMPTS = 10;

/**
 * Files below `<externDir>/<path>` on this machine's file system, which is meant to be an NFS mount. The file system
 * must have hard links: they are what makes a new name appear at once, whole, and never over another.
 */
export function nodelocalStore(externDir: string, path: string): Store {
  return new NodelocalStore(externDir, path === '' ? [] : checkName(path));
}

class NodelocalStore implements Store {
  readonly #directories: Directories;

  constructor(externDir: string, location: readonly string[]) {
    this.#directories = new Directories(externDir, location);
  }

  put(name: string, body: Readable | Uint8Array, options: PutOptions = {}): Promise<{ bytes: number }> {
    return putBody(
      name,
      body,
      options,
      (sending) => this.#write(name, sending),
      (error) => fromSystemError(error, name),
    );
  }

  async #write(name: string, { chunks, signal }: Sending): Promise<void> {
    const { below, base } = split(name);
    const temporary = await this.#openTemporary(name, below);
    try {
      const path = join(temporary.directory, base);
      // Known before the first byte is read; the link below is what decides.
      if ((await statOrNull(path)) !== null) throw exists(name);
      await writeChunks(temporary.handle, chunks);
      await temporary.handle.sync();
      await temporary.handle.close();
      signal.throwIfAborted();
      await linkNew(name, temporary.path, path);
      await unlink(temporary.path).catch(() => {});
      await syncDirectory(temporary.directory).catch(async (error: unknown) => {
        await unlink(path);
        throw error;
      });
    } catch (error) {
      await temporary.handle.close().catch(() => {});
      await unlink(temporary.path).catch(() => {});
      await this.#directories.prune(below);
      throw error;
    }
  }

  async #openTemporary(name: string, below: string[]): Promise<Temporary> {
    for (let attempt = 1; ; attempt++) {
      try {
        const directory = await this.#directories.make(below, name);
        const path = join(directory, `${temporaryPrefix(name)}${randomUUID()}`);
        return { directory, path, handle: await open(path, WRITE_FLAGS, FILE_MODE) };
      } catch (error) {
        const removed =
          errnoOf(error) === 'ENOENT' || (error instanceof StoreError && error.code === 'transient');
        if (!removed || attempt === DIRECTORY_ATTEMPTS) throw error;
      }
    }
  }

  async get(name: string, range?: { start: number; end: number }): Promise<Readable> {
    const { below, base } = split(name);
    if (range !== undefined) checkRange(name, range);
    const directory = await this.#directories.find(below, name);
    if (directory === null) throw notFound(name);
    const handle = await openFile(join(directory, base), name);
    try {
      const { size } = await handle.stat();
      if (range === undefined) return readHandle(handle, name, 0, Infinity);
      const { start, end } = range;
      if (start >= size) throw said('failed', `bytes ${start} to ${end} are outside its ${size} bytes`, name);
      return readHandle(handle, name, start, end + 1);
    } catch (error) {
      await handle.close();
      throw fromSystemError(error, name);
    }
  }

  async stat(name: string): Promise<FileInfo> {
    const { below, base } = split(name);
    const directory = await this.#directories.find(below, name);
    const stats = directory === null ? null : await statOrNull(join(directory, base), name);
    if (stats?.isSymbolicLink()) throw isLink(name);
    if (!stats?.isFile()) throw notFound(name);
    return { name, bytes: Number(stats.size) };
  }

  /**
   * Also removes what a writer that was killed in the middle of this file left, and the directories below the
   * location that are empty then, so that a canceled backup leaves nothing.
   */
  async remove(name: string): Promise<void> {
    const { below, base } = split(name);
    const directory = await this.#directories.find(below, name);
    if (directory === null) return;
    const path = join(directory, base);
    const stats = await statOrNull(path, name);
    if (stats?.isSymbolicLink()) throw isLink(name);
    if (stats?.isFile()) {
      try {
        await unlink(path);
        await syncDirectory(directory);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw fromSystemError(error, name);
      }
    } else if (stats === null) {
      // Only a file that never came to be can have left one: a directory of thousands isn't read for each.
      await removeTemporaries(directory, name);
    }
    await this.#directories.prune(below);
  }

  async *list(prefix: string): AsyncIterable<FileInfo> {
    // `data/a` lists `data/a/x` and `data/ab`: the directory to start from is the part before the last slash.
    const slash = prefix.lastIndexOf('/');
    const below = slash < 0 ? [] : checkName(prefix.slice(0, slash));
    const directory = await this.#directories.find(below, null);
    if (directory !== null) yield* walk(directory, prefix.slice(0, slash + 1), prefix);
  }

  async close(): Promise<void> {}
}

/** How temporary files for this file are called: it can be told whose they are. */
function temporaryPrefix(name: string): string {
  return `${TEMPORARY}${createHash('sha256').update(name).digest('hex').slice(0, 16)}-`;
}

async function removeTemporaries(directory: string, name: string): Promise<void> {
  const prefix = temporaryPrefix(name);
  try {
    for await (const entry of await opendir(directory)) {
      if (entry.isFile() && entry.name.startsWith(prefix)) await unlink(join(directory, entry.name));
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fromSystemError(error, name);
  }
}

interface Temporary {
  directory: string;
  path: string;
  handle: FileHandle;
}

function split(name: string): { below: string[]; base: string } {
  const below = checkName(name);
  const base = below.pop() ?? '';
  if (base.startsWith(TEMPORARY)) {
    throw new StoreError('invalid-name', `${name}: names that start with ${TEMPORARY} are reserved`, name);
  }
  return { below, base };
}

async function writeChunks(handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks)
    for (let offset = 0; offset < chunk.length;)
      offset += (await handle.write(chunk, offset, chunk.length - offset)).bytesWritten;
}

/** Gives the file its name, unless that is taken. */
async function linkNew(name: string, temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') {
      // Over NFS a repeated request fails although the first one, whose answer got lost, did it.
      if ((await statOrNull(temporary))?.nlink === 2n) return;
      throw exists(name);
    }
    if (errno === 'EPERM' || errno === 'ENOTSUP' || errno === 'EOPNOTSUPP' || errno === 'ENOSYS') {
      throw new StoreError(
        'failed',
        `${name}: the file system has no hard links (${errno}), which nodelocal needs to write files all or nothing`,
        name,
        { cause: error },
      );
    }
    throw error;
  }
}

async function openFile(path: string, name: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, READ_FLAGS);
  } catch (error) {
    // ENXIO: a socket.
    if (errnoOf(error) === 'ENXIO') throw notFound(name);
    throw fromSystemError(error, name);
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw notFound(name);
}

/** The bytes from `start` up to, not including, `end`. The stream owns the handle. */
function readHandle(handle: FileHandle, name: string, start: number, end: number): Readable {
  let position = start;
  return new Readable({
    highWaterMark: READ_BUFFER,
    read() {
      const length = Math.min(READ_BUFFER, end - position);
      if (length <= 0) {
        this.push(null);
        return;
      }
      handle.read(Buffer.allocUnsafe(length), 0, length, position).then(
        ({ bytesRead, buffer }) => {
          position += bytesRead;
          this.push(bytesRead === 0 ? null : buffer.subarray(0, bytesRead));
        },
        (error: unknown) => this.destroy(fromSystemError(error, name)),
      );
    },
    destroy(error, done) {
      handle.close().then(
        () => done(error),
        (closing: unknown) => done(error ?? fromSystemError(closing, name)),
      );
    },
  });
}

async function* walk(directory: string, path: string, prefix: string): AsyncIterable<FileInfo> {
  try {
    for await (const entry of await opendir(directory)) {
      const name = path + entry.name;
      if (entry.isDirectory()) {
        const inside = `${name}/`;
        if (inside.startsWith(prefix) || prefix.startsWith(inside)) {
          yield* walk(join(directory, entry.name), inside, prefix);
        }
      } else if (entry.isFile() && name.startsWith(prefix) && !entry.name.startsWith(TEMPORARY)) {
        const stats = await statOrNull(join(directory, entry.name), name);
        if (stats?.isFile()) yield { name, bytes: Number(stats.size) };
      }
    }
  } catch (error) {
    // Removed while we were listing: then there is nothing in it.
    if (errnoOf(error) !== 'ENOENT') throw fromSystemError(error, path === '' ? null : path.slice(0, -1));
  }
}

async function statOrNull(path: string, name: string | null = null): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fromSystemError(error, name);
  }
}

function isLink(name: string): StoreError {
  return said('denied', 'it is a symbolic link; only files themselves are read and written', name);
}
