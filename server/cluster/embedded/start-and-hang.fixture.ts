/** For the test that kills it: starts the embedded PostgreSQL, says so, and stays. */
import { startEmbedded } from './server.ts';

const [dataDir = '', port = ''] = process.argv.slice(2);
await startEmbedded({ dataDir, port: Number(port), password: 'left behind', log: () => undefined });
process.stdout.write('started\n');
setInterval(() => undefined, 60_000);
