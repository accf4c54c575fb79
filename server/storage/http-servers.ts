import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Web servers for tests: each in a process of its own, on a free port of 127.0.0.1, in a temporary directory.

export interface WebServer {
  /** `http://127.0.0.1:<port>`. */
  origin: string;
  /** Where its files are, below its root. */
  files: string;
  /** What it writes to beside its files; the same where it has nothing of the kind. */
  directory: string;
  stop(): Promise<void>;
}

/** What is called so is a temporary file, of ours or of a server's. */
const TEMPORARY = /holdfast-tmp|\.partial$|\.davfs\.tmp/;

/** Speaks WebDAV, PROPFIND and MOVE included. */
export async function startWebdav(): Promise<WebServer> {
  const directory = await newDirectory('webdav');
  return startFixture('webdav', directory, directory);
}

/** Knows PUT, GET, HEAD and DELETE only. */
export async function startPlain(): Promise<WebServer> {
  const directory = await newDirectory('plain');
  await mkdir(join(directory, 'files'));
  return startFixture('plain', directory, join(directory, 'files'));
}

/** Where nginx is installed, with its dav module; else null. */
export function findNginx(): string | null {
  try {
    const path = execFileSync('sh', ['-c', 'command -v nginx || ls /usr/sbin/nginx'], {
      encoding: 'utf8',
    }).trim();
    return spawnSync(path, ['-V'], { encoding: 'utf8' }).stderr.includes('http_dav_module') ? path : null;
  } catch {
    return null;
  }
}

/**
 * nginx with what docs/destinations/http.md tells to configure. One worker, as there: whether a name is taken and the renaming are two
 * steps, and two workers could both find it free.
 */
export async function startNginx(nginx: string): Promise<WebServer> {
  const directory = await newDirectory('nginx');
  const files = join(directory, 'files');
  await Promise.all([mkdir(files), mkdir(join(directory, 'bodies'))]);
  const port = await freePort();
  const conf = join(directory, 'nginx.conf');
  await writeFile(conf, nginxConf(directory, port));
  const child = spawn(nginx, ['-e', 'stderr', '-p', directory, '-c', conf], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (text: Buffer) => said.push(text.toString()));
  const origin = `http://127.0.0.1:${port}`;
  await untilItAnswers(origin, child, () => said.join(''));
  return { origin, files, directory, stop: () => stop(child, directory, 'SIGTERM') };
}

function nginxConf(directory: string, port: number): string {
  return `
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr error;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${directory}/bodies;
  proxy_temp_path ${directory}/unused-proxy;
  fastcgi_temp_path ${directory}/unused-fastcgi;
  uwsgi_temp_path ${directory}/unused-uwsgi;
  scgi_temp_path ${directory}/unused-scgi;
  server {
    listen 127.0.0.1:${port};
    root ${directory}/files;
    client_max_body_size 0;
    location / {
      dav_methods PUT DELETE MKCOL MOVE;
      create_full_put_path on;
    }
  }
}
`;
}

/** Every file below as `name bytes`, sorted, without temporary ones. */
export async function filesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of await tree(directory)) {
    const stats = await stat(join(directory, path)).catch(() => null);
    if (stats?.isFile() === true && !TEMPORARY.test(path)) found.push(`${path} ${stats.size}`);
  }
  return found.sort();
}

/** Temporary files below, and bodies that nginx keeps while they arrive. */
export async function temporariesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of await tree(directory)) {
    const stats = await stat(join(directory, path)).catch(() => null);
    if (stats?.isFile() === true && (TEMPORARY.test(path) || path.startsWith('bodies/'))) found.push(path);
  }
  return found.sort();
}

async function tree(directory: string): Promise<string[]> {
  return readdir(directory, { recursive: true }).catch(() => []);
}

async function startFixture(kind: string, directory: string, files: string): Promise<WebServer> {
  const fixture = join(import.meta.dirname, 'http-server.fixture.ts');
  const child = spawn(process.execPath, [fixture, kind, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const origin = `http://127.0.0.1:${port.toString().trim()}`;
  return { origin, files, directory, stop: () => stop(child, directory, 'SIGKILL') };
}

async function stop(child: ChildProcess, directory: string, signal: NodeJS.Signals): Promise<void> {
  const closed = child.exitCode === null ? once(child, 'close') : Promise.resolve();
  child.kill(signal);
  await closed;
  await rm(directory, { recursive: true, force: true });
}

function newDirectory(what: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `holdfast-${what}-`));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilItAnswers(origin: string, child: ChildProcess, said: () => string): Promise<void> {
  while (!(await answers(origin))) {
    if (child.exitCode !== null) throw new Error(`the server did not start: ${said()}`);
    await sleep(20);
  }
}

function answers(origin: string): Promise<boolean> {
  return fetch(origin).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}
