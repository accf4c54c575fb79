import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { environment } from './binary.ts';

/** An authority of its own, with certificates for nodes on 127.0.0.1 and for root. */
export interface Certificates {
  directory: string;
  /** What root's URL says of them, as libpq reads it. */
  parameters: string;
}

/** Makes them with the binary itself (https://www.cockroachlabs.com/docs/v21.1/cockroach-cert). */
export async function createCertificates(binary: string, directory: string): Promise<Certificates> {
  await mkdir(directory, { recursive: true });
  const common = [`--certs-dir=${directory}`, `--ca-key=${path.join(directory, 'ca.key')}`];
  for (const what of [['create-ca'], ['create-node', '127.0.0.1', 'localhost'], ['create-client', 'root']])
    await promisify(execFile)(binary, ['cert', ...what, ...common], { env: environment() });
  const file = (name: string) => encodeURIComponent(path.join(directory, name));
  return {
    directory,
    parameters:
      `sslmode=verify-full&sslrootcert=${file('ca.crt')}` +
      `&sslcert=${file('client.root.crt')}&sslkey=${file('client.root.key')}`,
  };
}
