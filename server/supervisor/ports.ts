import { createServer } from 'node:net';
import type { Config } from '../config.ts';
import { HoldfastError } from '../errors.ts';

interface Port {
  variable: string;
  host: string;
  port: number;
}

/** Refuses to start on a port that is taken or that may not be had, naming the variable that sets it. */
export async function checkPorts(config: Config, options: { embedded: boolean }): Promise<void> {
  const ports: Port[] = [
    { variable: 'HOLDFAST_PORT', host: config.host, port: config.port },
    { variable: 'HOLDFAST_SQL_PORT', host: config.host, port: config.sqlPort },
  ];
  if (options.embedded) {
    ports.push({ variable: 'HOLDFAST_EMBEDDED_PORT', host: '127.0.0.1', port: config.embeddedPort });
  }
  for (const each of ports) {
    const code = await tryPort(each);
    if (code !== null) throw refusal(each, code);
  }
}

/** The error code that listening there gives; null when it works. */
async function tryPort({ host, port }: Port): Promise<string | null> {
  const server = createServer();
  try {
    return await new Promise<string | null>((resolve) => {
      server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      server.listen({ host, port, exclusive: true }, () => resolve(null));
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function refusal({ variable, host, port }: Port, code: string): HoldfastError {
  switch (code) {
    case 'EADDRINUSE':
      return new HoldfastError('not-allowed', `${variable}: port ${port} on ${host} is in use`, {
        hint: `Set ${variable} to a free port, or stop what listens there.`,
      });
    case 'EACCES':
      return new HoldfastError('not-allowed', `${variable}: port ${port} may not be used by this user`, {
        hint: `Set ${variable} to a port above 1023.`,
      });
    default:
      return new HoldfastError(
        'not-allowed',
        `HOLDFAST_HOST: can't listen on ${host} port ${port} (${code})`,
        {
          hint: 'Set HOLDFAST_HOST to an address of this machine.',
        },
      );
  }
}
