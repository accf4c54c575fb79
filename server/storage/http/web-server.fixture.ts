/** A web server in a process of its own, so that its memory isn't counted as the store's. Prints its port. */
import { link, unlink } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { v2 as webdav } from 'webdav-server';
import { plainServer } from './plain-server.ts';

const [kind = '', directory = ''] = process.argv.slice(2);

/**
 * The library's file system, but for MOVE: it looks whether a name is taken and renames afterwards, between which others come in, even
 * other requests of one process. Here it is one step.
 */
class ExclusiveFileSystem extends webdav.PhysicalFileSystem {
  override _move(
    from: webdav.Path,
    to: webdav.Path,
    context: webdav.MoveInfo,
    callback: webdav.ReturnCallback<boolean>,
  ): void {
    if (context.overwrite) {
      super._move(from, to, context, callback);
      return;
    }
    const real = (path: webdav.Path): string => join(this.rootPath, path.toString());
    link(real(from), real(to))
      .then(() => unlink(real(from)))
      .then(
        () => callback(undefined, false),
        (error: NodeJS.ErrnoException) =>
          callback(error.code === 'EEXIST' ? webdav.Errors.ResourceAlreadyExists : error),
      );
  }
}

function webdavServer(): RequestListener {
  const server = new webdav.WebDAVServer({ rootFileSystem: new ExclusiveFileSystem(directory) });
  const handler = server as { executeRequest: RequestListener };
  return (request, response) => handler.executeRequest(request, response);
}

const server = createServer(kind === 'webdav' ? webdavServer() : plainServer(directory));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.stdin.resume().on('end', () => process.exit());
