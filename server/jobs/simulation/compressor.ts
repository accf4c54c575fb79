import { Transform } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import type { Compressor } from '../../format/data-file.ts';

/** Compresses in this thread, all at its end: no other thread has a say in the order of things. */
export const compressAtOnce: Compressor = (options) => {
  const parts: Buffer[] = [];
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      parts.push(part);
      done();
    },
    flush(done) {
      done(null, zstdCompressSync(Buffer.concat(parts), options));
    },
  });
};
