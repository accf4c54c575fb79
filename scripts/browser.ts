import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Names that distributions give Chromium and Chrome, in order of preference. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const ROOT = path.resolve(import.meta.dirname, '..');

/** How Playwright starts the browser: its launchOptions. */
export interface BrowserLaunch {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
}

/**
 * The browser to test with: HOLDFAST_CHROMIUM, else the system's, else the one that the package
 * `@sparticuz/chromium` carries, with the libraries and the font that a bare machine lacks. Throws an error that
 * says what to do.
 */
export async function findChromium(): Promise<BrowserLaunch> {
  const own = Object.fromEntries(Object.entries(process.env).filter((entry) => entry[1] !== undefined));
  const env = own as Record<string, string>;
  const installed = await installedChromium();
  if (installed !== null) return { executablePath: installed, args: ARGS, env };
  const home = await unpacked();
  const executablePath = path.join(home, 'chromium');
  if (lacksLibraries(executablePath)) {
    env.LD_LIBRARY_PATH = [path.join(home, 'al2023', 'lib'), env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  }
  if (!existsSync('/etc/fonts/fonts.conf')) env.FONTCONFIG_FILE = path.join(home, 'fonts.conf');
  return { executablePath, args: ARGS, env };
}

/** No sandbox where Chromium refuses to have one, and no word to the outside. */
const ARGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
];

async function installedChromium(): Promise<string | null> {
  const chosen = process.env.HOLDFAST_CHROMIUM;
  if (chosen !== undefined && chosen !== '') {
    if (await isExecutable(chosen)) return chosen;
    throw new Error(`HOLDFAST_CHROMIUM: ${chosen} is not there or not executable`);
  }
  for (const name of NAMES) {
    for (const directory of (process.env.PATH ?? '').split(path.delimiter)) {
      const file = path.join(directory, name);
      if (directory !== '' && (await isExecutable(file))) return file;
    }
  }
  return null;
}

/**
 * The directory that the packaged browser is unpacked in, once, below node_modules. The package itself unpacks
 * into the system's directory for temporary files, where another user's or half a browser may lie: so it is
 * given a directory of its own, which is put in place when it is complete.
 */
async function unpacked(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('There is no Chromium here: install one, or set HOLDFAST_CHROMIUM to its path');
  }
  const cache = path.join(ROOT, 'node_modules', '.cache');
  const home = path.join(cache, `chromium-${await packageVersion('@sparticuz/chromium')}`);
  if (existsSync(home)) return home;

  const { default: chromium } = await import('@sparticuz/chromium');
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(path.join(cache, 'unpacking-'));
  try {
    // Named like this the package also unpacks NSS and its like, which it thinks only Amazon's machines lack.
    await withEnvironment({ TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }, () =>
      chromium.executablePath(),
    );
    await writeFile(
      path.join(draft, 'fonts.conf'),
      `<?xml version="1.0"?>\n<fontconfig><dir>${path.join(home, 'fonts')}</dir><cachedir>${path.join(home, 'fonts-cache')}</cachedir></fontconfig>\n`,
    );
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Somebody else was faster.
    if (!existsSync(home)) throw error;
  }
  return home;
}

async function packageVersion(name: string): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8'),
  );
  return String((manifest as { version: unknown }).version);
}

async function withEnvironment<T>(values: Record<string, string>, run: () => Promise<T>): Promise<T> {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}

/** Whether the dynamic linker misses something that the browser needs. */
function lacksLibraries(file: string): boolean {
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
  return / not found/.test(stdout ?? '');
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
