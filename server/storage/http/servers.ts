import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../cluster/embedded/free-port.ts';

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

/** The program of nginx where it is installed, with its dav module; else null. */
export function findNginx(): string | null {
  const nginx = findProgram('nginx');
  return nginx !== null && spawnSync(nginx, ['-V']).stderr.includes('http_dav_module') ? nginx : null;
}

/** nginx with what docs/destinations/http.md tells to configure; several workers, who may all be at one name at once. */
export async function startNginx(nginx: string): Promise<WebServer> {
  const directory = await newDirectory('nginx');
  await Promise.all([mkdir(join(directory, 'files')), mkdir(join(directory, 'bodies'))]);
  return startConfigured(directory, nginxConf, (conf) => [
    nginx,
    '-e',
    'stderr',
    '-p',
    directory,
    '-c',
    conf,
  ]);
}

function nginxConf(directory: string, port: number): string {
  return `
daemon off;
worker_processes 4;
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
    listen 127.0.0.1:${port} reuseport;
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

/** The program of Apache and the directory of its modules where it is installed, with mod_dav; else null. */
export function findApache(): { httpd: string; modules: string } | null {
  const httpd = findProgram('apache2') ?? findProgram('httpd');
  const modules = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules'].find((path) =>
    existsSync(join(path, 'mod_dav_fs.so')),
  );
  return httpd === null || modules === undefined ? null : { httpd, modules };
}

/** Apache with mod_dav, as docs/destinations/http.md tells to configure it. */
export async function startApache({
  httpd,
  modules,
}: {
  httpd: string;
  modules: string;
}): Promise<WebServer> {
  const directory = await newDirectory('apache');
  const files = join(directory, 'files');
  await mkdir(files);
  // Started by root, it works as somebody else.
  await Promise.all([directory, files].map((path) => chmod(path, 0o777)));
  return startConfigured(
    directory,
    (_, port) => apacheConf(directory, modules, port),
    (conf) => [httpd, '-f', conf, '-D', 'FOREGROUND'],
  );
}

function apacheConf(directory: string, modules: string, port: number): string {
  const module = (name: string): string => `LoadModule ${name}_module ${modules}/mod_${name}.so`;
  return `
ServerRoot ${directory}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${directory}/httpd.pid
ErrorLog ${directory}/error.log
${['mpm_event', 'authz_core', 'dir', 'dav', 'dav_fs'].map(module).join('\n')}
${process.getuid?.() === 0 ? 'User nobody\nGroup #65534' : ''}
DocumentRoot ${directory}/files
DavLockDB ${directory}/locks
LimitRequestBody 0
<Directory ${directory}/files>
  Require all granted
  Dav On
</Directory>
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

/**
 * Temporary files below, and bodies that nginx keeps while they arrive. A server may hear of a broken connection later than whoever
 * broke it: what it tidies up itself within a few seconds isn't left.
 */
export async function temporariesBelow(directory: string): Promise<string[]> {
  for (let wait = 10; ; wait *= 2) {
    const found = await temporariesNow(directory);
    if (found.length === 0 || wait > 2_000) return found;
    await sleep(wait);
  }
}

async function temporariesNow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of await tree(directory)) {
    const stats = await stat(join(directory, path)).catch(() => null);
    if (TEMPORARY.test(path) || (stats?.isFile() === true && path.startsWith('bodies/'))) found.push(path);
  }
  return found.sort();
}

async function tree(directory: string): Promise<string[]> {
  return readdir(directory, { recursive: true }).catch(() => []);
}

async function startFixture(kind: string, directory: string, files: string): Promise<WebServer> {
  const fixture = join(import.meta.dirname, 'web-server.fixture.ts');
  const child = spawn(process.execPath, [fixture, kind, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const origin = `http://127.0.0.1:${port.toString().trim()}`;
  return { origin, files, directory, stop: () => stop(child, directory, 'SIGKILL') };
}

async function startConfigured(
  directory: string,
  configure: (directory: string, port: number) => string,
  command: (conf: string) => string[],
): Promise<WebServer> {
  const port = await freePort();
  const conf = join(directory, 'server.conf');
  await writeFile(conf, configure(directory, port));
  const [program = '', ...args] = command(conf);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  child.stderr.on('data', (text: Buffer) => said.push(text.toString()));
  const origin = `http://127.0.0.1:${port}`;
  await untilItAnswers(origin, child, () => said.join(''));
  const files = join(directory, 'files');
  return { origin, files, directory, stop: () => stop(child, directory, 'SIGTERM') };
}

async function stop(child: ChildProcess, directory: string, signal: NodeJS.Signals): Promise<void> {
  const closed = child.exitCode === null ? once(child, 'close') : Promise.resolve();
  child.kill(signal);
  await closed;
  await rm(directory, { recursive: true, force: true });
}

function findProgram(name: string): string | null {
  const places = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return places.map((place) => join(place, name)).find((path) => existsSync(path)) ?? null;
}

function newDirectory(what: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `holdfast-${what}-`));
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
