import { createServer, type AddressInfo } from 'node:net';

/** Who asks for several before it listens on one is given different ones. */
const given = new Set<number>();

/** A port of 127.0.0.1 that nothing listened on a moment ago, and that this process was not given before: for tests. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}
