import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import type { ObjectName } from '../../cluster/names.ts';
import { nameKey, printName } from '../../cluster/names.ts';
import { rowsAt } from '../../cluster/simulated/contents.ts';
import type { World } from '../../cluster/simulated/model.ts';
import { type DataFile, type Manifest, MANIFEST_NAME, readManifest } from '../../format/manifest.ts';
import { parseLocation } from '../../storage/location.ts';
import { CALLED_AT_ONCE, memoryStore } from './memory-store.ts';

/** What is wrong with a finished backup, a sentence each. */
export class Verdict {
  readonly problems: string[] = [];
  readonly #world: World;
  readonly #files: Map<string, Buffer>;

  constructor(world: World, files: Map<string, Buffer>) {
    this.#world = world;
    this.#files = files;
  }

  /** Answers the manifest. `base`: that of the backup that it builds on. `mayHave`: what may be there beside what it names. */
  async judge(
    url: string,
    tables: readonly ObjectName[],
    base: Manifest | null,
    mayHave: (file: string) => boolean,
  ): Promise<Manifest | null> {
    let manifest: Manifest;
    try {
      manifest = await readManifest(memoryStore(this.#files, CALLED_AT_ONCE), parseLocation(url));
    } catch (error) {
      this.problems.push(`no manifest: ${String(error)}`);
      return null;
    }
    const named = new Set(manifest.files.map(({ name }) => name));
    if (named.size !== manifest.files.length) this.problems.push('the manifest names a file twice');
    for (const name of this.#files.keys())
      if (!named.has(name) && name !== MANIFEST_NAME && !mayHave(name))
        this.problems.push(`${name} is there, and not in the manifest`);
    for (const table of tables) this.#table(manifest, table, base);
    return manifest;
  }

  #table(manifest: Manifest, table: ObjectName, base: Manifest | null): void {
    const files = manifest.files.filter((file) => nameKey(file.table) === nameKey(table));
    const lines = (kind: DataFile['kind']) =>
      files.filter((file) => file.kind === kind).flatMap((file) => this.#lines(file));
    const [rows, deleted] = [lines('rows'), lines('deleted')];
    const expected = rowsAt(this.#world, table, manifest.moment);
    const keys = [...rows.map(keyOf), ...deleted];
    if (new Set(keys).size !== keys.length) this.problems.push(`${printName(table)} has a key twice`);
    const isWhole = !manifest.changes.some((change) => nameKey(change.table) === nameKey(table));
    const there = new Map(
      base === null || isWhole ? [] : rowsAt(this.#world, table, base.moment).map((row) => [keyOf(row), row]),
    );
    for (const key of deleted) there.delete(key);
    for (const row of rows) there.set(keyOf(row), row);
    const differs = expected.filter((row) => there.get(keyOf(row)) !== row).length;
    if (differs > 0 || there.size !== expected.length)
      this.problems.push(
        `${printName(table)} has ${there.size} rows instead of ${expected.length}, and ${differs} are not there as they were`,
      );
  }

  #lines(file: DataFile): string[] {
    const bytes = this.#files.get(file.name);
    if (bytes === undefined) {
      this.problems.push(`${file.name} is in the manifest, and not there`);
      return [];
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const text = zstdDecompressSync(bytes);
    const lines = text.toString('utf8').split('\n').slice(0, -1);
    if (
      sha256 !== file.sha256 ||
      bytes.length !== file.bytes ||
      text.length !== file.rawBytes ||
      lines.length !== file.rows
    )
      this.problems.push(`${file.name} is not what the manifest says of it`);
    return lines;
  }
}

/** The table's key is its first column. */
function keyOf(row: string): string {
  return row.split('\t')[0] ?? '';
}
