import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeConformance } from '../conformance.ts';
import { nodelocalStore } from './store.ts';
import { fromSystemError } from './errors.ts';
import { StoreError } from '../store.ts';
import { codeOf, listed, textBody, textOf } from '../testing.ts';

storeConformance('nodelocal', {
  bufferMib: 32,
  async open() {
    const base = await mkdtemp(join(tmpdir(), 'holdfast-nodelocal-'));
    const externDir = join(base, 'extern');
    const open = () => nodelocalStore(externDir, 'nightly/bank');
    return {
      store: open(),
      url: 'nodelocal://self/nightly/bank',
      externDir,
      reopen: async () => open(),
      leftovers: async () => (await tree(base)).filter((path) => path.includes('tmp')),
      cleanup: () => rm(base, { recursive: true, force: true }),
    };
  },
});

describe('nodelocal', () => {
  let base: string;
  let extern: string;
  let outside: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'holdfast-nodelocal-'));
    extern = join(base, 'extern');
    outside = join(base, 'extern-of-somebody-else');
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('makes the extern directory, but not for looking', async () => {
    const store = nodelocalStore(join(extern, 'made', 'too'), 'b');
    expect(await listed(store)).toEqual([]);
    expect(await codeOf(store.get('x'))).toBe('not-found');
    expect(await readdir(base)).toEqual(['extern-of-somebody-else']);
    await store.put('x', textBody('x'));
    expect(await tree(extern)).toEqual(['made', 'made/too', 'made/too/b', 'made/too/b/x']);
  });

  it('lets nobody but the owner and the group read', async () => {
    await nodelocalStore(extern, 'b').put('d/x', textBody('x'));
    expect((await stat(join(extern, 'b/d/x'))).mode & 0o007).toBe(0);
    expect((await stat(join(extern, 'b/d'))).mode & 0o007).toBe(0);
  });

  it('leaves no directory behind after the last file, nor after a body that failed', async () => {
    await mkdir(join(extern, 'mine'), { recursive: true });
    const store = nodelocalStore(extern, 'mine/deep/b');
    await store.put('checkpoint.json', textBody('x'));
    await store.put('data/t/1', textBody('x'));
    await store.put('data/u/1', textBody('x'));
    await store.remove('data/t/1');
    expect(await tree(extern)).toEqual([
      'mine',
      'mine/deep',
      'mine/deep/b',
      'mine/deep/b/checkpoint.json',
      'mine/deep/b/data',
      'mine/deep/b/data/u',
      'mine/deep/b/data/u/1',
    ]);
    await store.remove('data/u/1');
    await store.remove('checkpoint.json');
    expect(await tree(extern)).toEqual(['mine']);

    const failing = Readable.from(
      (function* () {
        yield 'half';
        throw new Error('broken');
      })(),
    );
    expect(await codeOf(store.put('data/t/1', failing))).toBe('failed');
    expect(await tree(extern)).toEqual(['mine']);
  });

  it("keeps a location's directory that was there before", async () => {
    await mkdir(join(extern, 'mine'), { recursive: true });
    const store = nodelocalStore(extern, 'mine');
    await store.put('data/x', textBody('x'));
    await store.remove('data/x');
    expect(await tree(extern)).toEqual(['mine']);
  });

  it('leaves no temporary file behind, and never shows one', async () => {
    const store = nodelocalStore(extern, 'b');
    let during: string[] = [];
    async function* body(): AsyncGenerator<string> {
      yield 'half';
      during = await readdir(join(extern, 'b'));
      yield 'whole';
    }
    await store.put('file', Readable.from(body()));
    expect(during).toHaveLength(1);
    expect(await tree(extern)).toEqual(['b', 'b/file']);
    const [temporary = ''] = during;
    await writeFile(join(extern, 'b', temporary), 'left by a crash');
    expect(await listed(store)).toEqual(['file 9']);
    for (const work of [store.get(temporary), store.stat(temporary), store.remove(temporary)]) {
      expect(await codeOf(work)).toBe('invalid-name');
    }
    expect(await codeOf(store.put(temporary, textBody('x')))).toBe('invalid-name');
  });

  it('removes with a file what a writer left that was killed in the middle of it, and no other’s', async () => {
    const store = nodelocalStore(extern, 'b');
    const leftovers: string[] = [];
    for (const name of ['data/mine', 'data/other']) {
      async function* body(): AsyncGenerator<string> {
        yield 'half';
        leftovers.push(...(await readdir(join(extern, 'b/data'))).filter((entry) => entry.startsWith('.')));
        yield 'whole';
      }
      await store.put(name, Readable.from(body()));
      await store.remove(name);
    }
    const [mine = '', other = ''] = leftovers;
    await mkdir(join(extern, 'b/data'), { recursive: true });
    await writeFile(join(extern, 'b/data', mine), 'left by a crash');
    await writeFile(join(extern, 'b/data', other), 'being written');
    await store.remove('data/mine');
    expect(await readdir(join(extern, 'b/data'))).toEqual([other]);
    await store.remove('data/other');
    expect(await tree(extern)).not.toContain('b/data');
  });

  describe('symbolic links', () => {
    it.each(['link', 'link/below', 'dir/link', 'dir/link/below/deep'])(
      'refuses a location that leads out: %s',
      async (path) => {
        await mkdir(join(extern, 'dir'), { recursive: true });
        await symlink(outside, join(extern, 'link'));
        await symlink('../../extern-of-somebody-else', join(extern, 'dir/link'));
        await expectAllDenied(path, 'secret');
        expect(await tree(outside)).toEqual(['secret']);
      },
    );

    it('refuses directories and files in a location that lead out', async () => {
      await mkdir(join(extern, 'b'), { recursive: true });
      await symlink(outside, join(extern, 'b/data'));
      await symlink(join(outside, 'secret'), join(extern, 'b/manifest.json'));
      const store = nodelocalStore(extern, 'b');
      for (const file of ['data/secret', 'data/new', 'manifest.json']) {
        expect(await codeOf(store.get(file)), file).toBe('denied');
        expect(await codeOf(store.stat(file)), file).toBe('denied');
        expect(await codeOf(store.remove(file)), file).toBe('denied');
      }
      expect(await codeOf(store.put('data/new', textBody('x')))).toBe('denied');
      expect(await codeOf(store.put('data/secret', textBody('x')))).toBe('denied');
      expect(await codeOf(store.put('manifest.json', textBody('x')))).toBe('exists');
      expect(await listed(store)).toEqual([]);
      expect(await codeOf(listed(store, 'data/'))).toBe('denied');
      expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
      expect(await tree(outside)).toEqual(['secret']);
    });

    it('makes nothing through a link to nothing', async () => {
      await mkdir(extern);
      await symlink(join(base, 'not-there'), join(extern, 'link'));
      await expectAllDenied('link', 'x');
      expect((await readdir(base)).sort()).toEqual(['extern', 'extern-of-somebody-else']);
    });

    it('refuses a directory beside the root whose name begins like it', async () => {
      await mkdir(extern);
      await symlink(outside, join(extern, 'link'));
      await expectAllDenied('link', 'secret');
    });

    it('follows links that stay inside, but lists nothing twice', async () => {
      await mkdir(join(extern, 'real/dir'), { recursive: true });
      await symlink('real', join(extern, 'alias'));
      await symlink('dir', join(extern, 'real/again'));
      const store = nodelocalStore(extern, 'alias');
      await store.put('dir/x', textBody('x'));
      expect(await textOf(await nodelocalStore(extern, 'real').get('dir/x'))).toBe('x');
      expect(await textOf(await store.get('again/x'))).toBe('x');
      expect(await listed(store)).toEqual(['dir/x 1']);
    });

    it('takes an extern directory that is a link itself', async () => {
      await symlink(outside, extern);
      const store = nodelocalStore(extern, 'b');
      await store.put('x', textBody('x'));
      expect(await tree(outside)).toEqual(['b', 'b/x', 'secret']);
    });

    async function expectAllDenied(path: string, file: string): Promise<void> {
      const store = nodelocalStore(extern, path);
      expect(await codeOf(store.get(file))).toBe('denied');
      expect(await codeOf(store.stat(file))).toBe('denied');
      expect(await codeOf(store.remove(file))).toBe('denied');
      expect(await codeOf(store.put('new', textBody('x')))).toBe('denied');
      expect(await codeOf(listed(store))).toBe('denied');
    }
  });

  it('says what is wrong where a file stands in the way', async () => {
    await mkdir(extern);
    await writeFile(join(extern, 'file'), 'x');
    const store = nodelocalStore(extern, 'file/b');
    expect(await codeOf(listed(store))).toBe('failed');
    await expect(store.put('x', textBody('x'))).rejects.toThrow(
      '"file" in its path is a file, not a directory',
    );
    const inside = nodelocalStore(extern, 'b');
    await inside.put('data', textBody('x'));
    await expect(inside.put('data/x', textBody('x'))).rejects.toThrow('x: "data" in its path is a file');
    await inside.put('dir/x', textBody('x'));
    expect(await codeOf(inside.put('dir', textBody('x')))).toBe('exists');
  });

  it('does not hang on a named pipe', async () => {
    await mkdir(join(extern, 'b'), { recursive: true });
    execFileSync('mkfifo', [join(extern, 'b/pipe')]);
    const store = nodelocalStore(extern, 'b');
    expect(await codeOf(store.get('pipe'))).toBe('not-found');
    expect(await listed(store)).toEqual([]);
  });

  it('names no path of this machine in an error', async () => {
    await writeFile(extern, 'a file');
    const error = await nodelocalStore(extern, 'b')
      .put('x', textBody('x'))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreError);
    expect(String(error)).not.toContain(base);
    expect(String(error)).toContain('extern directory');
  });

  it('says denied where permissions forbid it', async () => {
    await mkdir(extern);
    await withoutRootsRights(extern, async () => {
      const store = nodelocalStore(extern, 'b');
      await store.put('x', textBody('x'));
      await chmod(join(extern, 'b/x'), 0o000);
      expect(await codeOf(store.get('x'))).toBe('denied');
      await chmod(join(extern, 'b'), 0o500);
      expect(await codeOf(store.put('y', textBody('x')))).toBe('denied');
      expect(await codeOf(store.put('d/y', textBody('x')))).toBe('denied');
      expect(await codeOf(store.remove('x'))).toBe('denied');
      await chmod(join(extern, 'b'), 0o000);
      expect(await codeOf(listed(store))).toBe('denied');
      expect(await codeOf(store.stat('x'))).toBe('denied');
      await chmod(join(extern, 'b'), 0o700);
    });
  });

  it.each([
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EROFS', 'denied'],
    ['EACCES', 'denied'],
    ['ESTALE', 'transient'],
    ['EMFILE', 'transient'],
    ['ENAMETOOLONG', 'invalid-name'],
    ['EXDEV', 'failed'],
  ])('understands %s as %s', (errno, code) => {
    const cause = Object.assign(new Error(`${errno}: in words, open '/srv/extern/x'`), { code: errno });
    expect(fromSystemError(cause, 'x')).toMatchObject({ code, file: 'x', cause });
  });
});

/** Every file and directory below, relative, sorted. */
async function tree(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

/** Root may do everything, whatever the permissions say: so the work is done as nobody, in a directory of nobody's. */
async function withoutRootsRights(directory: string, work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work();
  const nobody = 65534;
  await chmod(dirname(directory), 0o755);
  await chown(directory, nobody, nobody);
  process.seteuid?.(nobody);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
