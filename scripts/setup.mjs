/**
 * Set-up from a fresh clone: packages from the lock file, the pages' build. Plain JavaScript for Node 20 or later
 * without any package, since it is what installs them.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** The pinned Node, a dependency. */
export const NODE = path.join(ROOT, 'node_modules', '.bin', 'node');
/** Lets Node keep what it has compiled: a start takes a third less. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: path.join(ROOT, 'node_modules', '.cache', 'node') };

const OLDEST_NODE = 20;
const PINNED_NODE = 24;
const INSTALL_STAMP = path.join(ROOT, 'node_modules', '.holdfast');
const BUILD_STAMP = path.join(ROOT, '.next', '.holdfast');
const LOCK = path.join(ROOT, '.cache', 'setup.lock');

/** Something to tell in one line. */
export class SetupError extends Error {}

/** Ends the process with one line when this Node is too old to go on. */
export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_NODE) return;
  fail(`Holdfast needs Node ${OLDEST_NODE} or later; this is ${process.version}.`);
}

/** @param {string} line */
export function fail(line) {
  console.error(`holdfast: ${line}`);
  process.exit(1);
}

/** Installs what the lock file says, unless it is installed. Answers when it is; one process at a time does it. */
export async function install() {
  if (isInstalled()) return;
  await locked('packages are being installed', async () => {
    if (isInstalled()) return;
    if (!matchesLockFile()) {
      console.log('Installing packages …');
      // Not the pinned Node: it is among what is replaced.
      const PATH = withoutOwnBin(process.env.PATH ?? '');
      const flags = ['--include=dev', '--include=optional', '--ignore-scripts=false'];
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
      const code = await run('npm', ['ci', ...flags, ...quiet], { PATH });
      if (code !== 0) throw new SetupError(`npm ci failed (exit code ${code}); its messages are above.`);
    }
    const version = await nodeVersion();
    if (!version.startsWith(`v${PINNED_NODE}.`)) {
      throw new SetupError(
        `the package "node" brought ${version || 'no Node'} instead of Node ${PINNED_NODE}: run npm rebuild node.`,
      );
    }
    writeFileSync(INSTALL_STAMP, lockFileHash());
  });
}

/** Builds the pages, unless what they are made of is what was built. */
export async function build() {
  if (isBuilt()) return;
  await locked('the pages are being built', async () => {
    if (isBuilt()) return;
    console.log('Building the pages …');
    rmSync(BUILD_STAMP, { force: true });
    const hash = sourceHash();
    const next = path.join(ROOT, 'node_modules', 'next', 'dist', 'bin', 'next');
    const env = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
    const code = await run(NODE, [next, 'build'], env);
    if (code !== 0) throw new SetupError(`next build failed (exit code ${code}); its messages are above.`);
    writeFileSync(BUILD_STAMP, hash);
  });
}

/**
 * Runs a program in the clone with our input and output; answers its exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<number>}
 */
export function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
    child.once('error', (error) => reject(new SetupError(`${command} can't be run: ${error.message}`)));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function isInstalled() {
  return existsSync(NODE) && read(INSTALL_STAMP) === lockFileHash();
}

/** Whether somebody has installed exactly this with npm already: what npm notes down about node_modules agrees. */
function matchesLockFile() {
  const noted = read(path.join(ROOT, 'node_modules', '.package-lock.json'));
  if (noted === null || !existsSync(NODE)) return false;
  /** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean }>} Packages */
  const wanted = /** @type {{ packages: Packages }} */ (JSON.parse(lockFile())).packages;
  const there = /** @type {{ packages: Packages }} */ (JSON.parse(noted)).packages;
  const names = new Set([...Object.keys(wanted), ...Object.keys(there)].filter((name) => name !== ''));
  return [...names].every((name) => {
    const want = wanted[name];
    const have = there[name];
    // Another platform's packages are in the lock file only.
    if (have === undefined) return want?.optional === true;
    return want?.version === have.version && want?.integrity === have.integrity;
  });
}

function isBuilt() {
  return existsSync(path.join(ROOT, '.next', 'BUILD_ID')) && read(BUILD_STAMP) === sourceHash();
}

/** Everything that the pages' build depends on. */
function sourceHash() {
  const hash = createHash('sha256');
  const files = [
    'next.config.js',
    'postcss.config.mjs',
    'package-lock.json',
    ...sources(),
    ...filesBelow('public'),
  ];
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(existsSync(path.join(ROOT, file)) ? readFileSync(path.join(ROOT, file)) : '');
  }
  return hash.digest('hex');
}

/** The pages, their components, and what of server/ these import for more than its types; relative, in order. */
function sources() {
  const seen = new Set();
  const queue = [...filesBelow('app'), ...filesBelow('components')].filter(
    (file) => !file.includes('.test.'),
  );
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file) || !existsSync(path.join(ROOT, file))) continue;
    seen.add(file);
    if (!/\.tsx?$/.test(file)) continue;
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, clause = '', from = ''] of text.matchAll(
      /^(?:import|export)\b([^;'"]*?)['"](\.[^'"]+)['"]/gm,
    )) {
      if (!/^\s+type\b/.test(clause)) queue.push(path.join(path.dirname(file), from));
    }
  }
  return [...seen].sort();
}

/** @param {string} directory */
function filesBelow(directory) {
  if (!existsSync(path.join(ROOT, directory))) return [];
  return readdirSync(path.join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function lockFile() {
  const text = read(path.join(ROOT, 'package-lock.json'));
  if (text === null) throw new SetupError('package-lock.json is missing: this is not a complete clone.');
  return text;
}

function lockFileHash() {
  return createHash('sha256').update(`${process.platform} ${process.arch} ${lockFile()}`).digest('hex');
}

/** @returns {Promise<string>} `v24.1.0`; '' when it doesn't run. */
function nodeVersion() {
  return new Promise((resolve) => {
    let said = '';
    const child = spawn(NODE, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (text) => (said += text));
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(said.trim()));
  });
}

/** @param {string} searchPath */
function withoutOwnBin(searchPath) {
  const own = path.join(ROOT, 'node_modules', '.bin');
  return searchPath
    .split(path.delimiter)
    .filter((directory) => path.resolve(directory) !== own)
    .join(path.delimiter);
}

/**
 * Does the work while no other process in this clone does such work. A process that died holding the lock doesn't
 * hold it any more.
 * @param {string} what  for whoever has to wait
 * @param {() => Promise<void>} work
 */
async function locked(what, work) {
  mkdirSync(path.dirname(LOCK), { recursive: true });
  for (let told = false; !takeLock(); await sleep(200)) {
    if (!told) console.log(`Waiting: ${what} by another process …`);
    told = true;
  }
  try {
    await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function takeLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const holder = read(LOCK);
  if (holder !== null && holder !== '' && !isAlive(Number(holder))) {
    // By renaming, of several that find a dead lock only one takes it away.
    const aside = `${LOCK}.${process.pid}`;
    try {
      renameSync(LOCK, aside);
      rmSync(aside, { force: true });
    } catch {
      // Taken away already.
    }
  }
  return false;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
