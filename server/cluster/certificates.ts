import { access, constants } from 'node:fs/promises';
import { HoldfastError } from '../errors.ts';

/** Parameters of a cluster's URL that are paths of files with certificates and their key. */
const FILE_PARAMETERS = ['sslrootcert', 'sslcert', 'sslkey'] as const;

/**
 * Throws `invalid-value` naming the first certificate or key of the URL that can't be read here: the driver would only
 * say that it can't make sense of the URL.
 */
export async function assertCertificatesReadable(url: string): Promise<void> {
  if (!URL.canParse(url)) return;
  const parameters = new URL(url).searchParams;
  for (const name of FILE_PARAMETERS) {
    const file = parameters.get(name);
    if (file === null || file === '') continue;
    try {
      await access(file, constants.R_OK);
    } catch (cause) {
      throw new HoldfastError('invalid-value', `${name}: the file ${file} can’t be read`, {
        hint: 'The path is one of the machine that the console runs on; machines with engines need the file at the same path.',
        field: 'url',
        cause,
      });
    }
  }
}
