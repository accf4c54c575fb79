import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digestOf } from '../format/integrity.ts';
import { MANIFEST_NAME, manifestSchema, totalsOf } from '../format/manifest.ts';
import type { DataFile, Manifest } from '../format/manifest.ts';

/** A backup in a directory, to do damage to. */
export class BackupDirectory {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  at(name: string): string {
    return path.join(this.directory, name);
  }

  async manifest(): Promise<Manifest> {
    return manifestSchema.parse(JSON.parse(await readFile(this.at(MANIFEST_NAME), 'utf8')));
  }

  /** The first data file of the table, of that kind. */
  async file(table: string, kind: DataFile['kind'] = 'rows'): Promise<DataFile> {
    const { files } = await this.manifest();
    const found = files.find((file) => file.table.name === table && file.kind === kind);
    if (found === undefined) throw new Error(`${this.directory} has no ${kind} of ${table}`);
    return found;
  }

  /** Flips the lowest bit of the byte in the middle. */
  async flip({ name }: DataFile): Promise<void> {
    const bytes = await readFile(this.at(name));
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    await writeFile(this.at(name), bytes);
  }

  async swap(one: DataFile, other: DataFile): Promise<void> {
    const aside = this.at('aside');
    await rename(this.at(one.name), aside);
    await rename(this.at(other.name), this.at(one.name));
    await rename(aside, this.at(other.name));
  }

  remove(name = ''): Promise<void> {
    return rm(this.at(name), { recursive: true });
  }

  /** Everything in it is that of another backup. */
  async replaceBy(other: BackupDirectory): Promise<void> {
    await this.remove();
    await cp(other.directory, this.directory, { recursive: true });
  }

  async replaceManifestBy(other: BackupDirectory): Promise<void> {
    await cp(other.at(MANIFEST_NAME), this.at(MANIFEST_NAME));
  }

  /** Replaces the text of the manifest, as an editor would. */
  async edit(change: (text: string) => string): Promise<void> {
    const text = await readFile(this.at(MANIFEST_NAME), 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error('nothing was changed');
    await writeFile(this.at(MANIFEST_NAME), changed);
  }

  /** Changes a file's entry and has the manifest's totals and digest follow: what only somebody does who knows how. */
  async signAnew(file: DataFile, change: Partial<DataFile>): Promise<void> {
    const manifest = await this.manifest();
    const files = manifest.files.map((each) => (each.name === file.name ? { ...each, ...change } : each));
    const changed = { ...manifest, files, totals: totalsOf(files) };
    await writeFile(this.at(MANIFEST_NAME), JSON.stringify({ ...changed, digest: digestOf(changed) }));
  }
}
