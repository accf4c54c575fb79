import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';

/** Whether statements go through the real psql. */
export const hasPsql = spawnSync('psql', ['--version']).status === 0;

/**
 * Runs one statement over the wire as a cron job would: with psql where it is installed, with the `pg` driver where it isn't.
 * Answers its rows as texts. Throws what psql wrote to its standard error, or the driver's error with its hint.
 */
export async function viaPsql(
  server: { port: number; password: string; cluster?: string },
  statement: string,
): Promise<string[][]> {
  const { port, password, cluster = 'default' } = server;
  if (!hasPsql) return viaDriver({ port, password, database: cluster }, statement);
  const target = ['-X', '-w', '-h', '127.0.0.1', '-p', String(port), '-U', 'root', cluster];
  const form = ['-At', '-F', '\t', '-v', 'ON_ERROR_STOP=1'];
  try {
    const { stdout } = await promisify(execFile)('psql', [...target, ...form, '-c', statement], {
      env: { ...process.env, PGPASSWORD: password, LC_ALL: 'C.UTF-8' },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  } catch (error) {
    throw new Error((error as { stderr: string }).stderr, { cause: error });
  }
}

async function viaDriver(
  config: { port: number; password: string; database: string },
  statement: string,
): Promise<string[][]> {
  const client = new pg.Client({ host: '127.0.0.1', user: 'root', ...config });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: statement, rowMode: 'array' });
    return rows.map((row) => row.map(String));
  } catch (error) {
    const { message, hint } = error as pg.DatabaseError;
    throw new Error(`ERROR:  ${message}\nHINT:  ${hint ?? ''}`, { cause: error });
  } finally {
    await client.end();
  }
}
