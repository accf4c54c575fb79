import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalCluster } from './local-cluster.ts';

/**
 * Lets tests, which run in processes of their own, kill and restart nodes: `POST /<node>/kill`, `POST /<node>/restart`.
 * The nodes' processes belong to the process that stops them in the end.
 */
export async function serveControl(cluster: LocalCluster): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const [, node, action] = /^\/(\d+)\/(kill|restart)$/.exec(request.url ?? '') ?? [];
    const work =
      node === undefined
        ? Promise.reject(new Error(`${request.url} is nothing that can be done`))
        : action === 'kill'
          ? cluster.kill(Number(node))
          : cluster.restart(Number(node));
    work.then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
