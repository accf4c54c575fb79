import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../cluster/embedded/free-port.ts';
import { readConfig } from '../config.ts';
import { markDataDir, prepareDataDir } from './data-dir.ts';
import { lockDataDir } from './lock.ts';
import { forPeople, rotatedLog } from './logs.ts';
import { checkPorts } from './ports.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'holdfast-preflight-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('the data directory', () => {
  test('is made, and marked once it is ours', async () => {
    const dataDir = path.join(directory, 'a', 'b');
    await prepareDataDir(dataDir);
    expect(await readdir(dataDir)).toEqual(['logs']);
    await markDataDir(dataDir);
    await prepareDataDir(dataDir);
    expect(JSON.parse(await readFile(path.join(dataDir, 'version.json'), 'utf8'))).toEqual({
      dataVersion: 1,
    });
  });

  test('is refused below a file', async () => {
    await writeFile(path.join(directory, 'file'), '');
    const dataDir = path.join(directory, 'file', 'data');
    await expect(prepareDataDir(dataDir)).rejects.toThrow(
      `HOLDFAST_DATA_DIR: ${dataDir} can't be written: a part of the path is a file`,
    );
  });

  test.each([
    ['{"dataVersion":2}', 'is of a newer Holdfast (data version 2; this one knows 1)'],
    ['{"name":"something else"}', "is not one of Holdfast's"],
    ['', "is not one of Holdfast's"],
  ])('is refused, untouched, with version.json %s', async (text, message) => {
    await writeFile(path.join(directory, 'version.json'), text);
    await expect(prepareDataDir(directory)).rejects.toThrow(message);
    await expect(prepareDataDir(directory)).rejects.toThrow('HOLDFAST_DATA_DIR');
    expect(await readdir(directory)).toEqual(['version.json']);
  });
});

describe('the lock', () => {
  test('is one process’s at a time', async () => {
    const lock = await lockDataDir(directory, 'http://127.0.0.1:3000');
    await expect(lockDataDir(directory, 'http://127.0.0.1:4000')).rejects.toThrow(
      `HOLDFAST_DATA_DIR: another Holdfast (process ${process.pid}, http://127.0.0.1:3000) uses ${directory}`,
    );
    await lock.release();
    await (await lockDataDir(directory, 'http://127.0.0.1:4000')).release();
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, birth: 'x', url: 'u' })],
    ['a process that has another’s number', JSON.stringify({ pid: process.pid, birth: 'earlier', url: 'u' })],
    ['nobody', ''],
  ])('counts for nothing with %s', async (_who, text) => {
    await writeFile(path.join(directory, 'supervisor.lock'), text);
    const lock = await lockDataDir(directory, 'http://127.0.0.1:3000');
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('ports', () => {
  test.each([
    ['HOLDFAST_PORT', true],
    ['HOLDFAST_SQL_PORT', true],
    ['HOLDFAST_EMBEDDED_PORT', true],
    ['HOLDFAST_EMBEDDED_PORT', false],
  ])('in use: %s, the embedded PostgreSQL needed: %s', async (variable, embedded) => {
    const ports = {
      HOLDFAST_PORT: String(await freePort()),
      HOLDFAST_SQL_PORT: String(await freePort()),
      HOLDFAST_EMBEDDED_PORT: String(await freePort()),
    };
    const taken = ports[variable as keyof typeof ports];
    const other = createServer().listen(Number(taken), '127.0.0.1');
    await once(other, 'listening');
    try {
      const checked = checkPorts(readConfig(ports), { embedded });
      if (embedded)
        await expect(checked).rejects.toThrow(`${variable}: port ${taken} on 127.0.0.1 is in use`);
      else await expect(checked).resolves.toBeUndefined();
    } finally {
      other.close();
    }
  });

  test('of an address that is not ours', async () => {
    const config = { ...readConfig({}), host: '192.0.2.1', port: await freePort() };
    await expect(checkPorts(config, { embedded: false })).rejects.toThrow(
      "HOLDFAST_HOST: can't listen on 192.0.2.1",
    );
  });
});

describe('logs', () => {
  test('show people warnings, errors and crashes, and nothing else', () => {
    expect(forPeople('{"level":30,"msg":"fine"}', 'stdout')).toBe(null);
    expect(forPeople('{"level":40,"msg":"slow"}', 'stdout')).toBe('warning: slow');
    expect(forPeople('{"level":50,"msg":"task failed","err":{"message":"disk full"}}', 'stdout')).toBe(
      'error: task failed: disk full',
    );
    expect(forPeople('TypeError: x is not a function', 'stderr')).toBe('TypeError: x is not a function');
    expect(forPeople('compiled in 3 ms', 'stdout')).toBe(null);
  });

  test('are put aside when they have grown', async () => {
    await prepareDataDir(directory);
    const file = await rotatedLog(directory, 'engine');
    await writeFile(file, 'short');
    expect(await rotatedLog(directory, 'engine')).toBe(file);
    expect(await readdir(path.dirname(file))).toEqual(['engine.log']);
    await writeFile(file, Buffer.alloc(10 * 1024 * 1024 + 1, 'x'));
    await rotatedLog(directory, 'engine');
    expect(await readdir(path.dirname(file))).toEqual(['engine.log.1']);
  });
});
