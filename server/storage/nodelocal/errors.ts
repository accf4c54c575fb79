import { messageOf } from '../../errors.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';

/** Errno names and what they mean for a store. What isn't here is `failed`. */
const CODES: Record<string, { code: StoreErrorCode; words: string }> = {
  ENOENT: { code: 'not-found', words: 'there is no such file' },
  EEXIST: { code: 'exists', words: 'there is a file of that name already' },
  EACCES: { code: 'denied', words: 'permission denied' },
  EPERM: { code: 'denied', words: 'operation not permitted' },
  EROFS: { code: 'denied', words: 'the file system is read-only' },
  ELOOP: { code: 'denied', words: 'it is a symbolic link' },
  ENAMETOOLONG: { code: 'invalid-name', words: 'the path is too long for the file system' },
  ENOSPC: { code: 'no-space', words: 'the disk is full' },
  EDQUOT: { code: 'no-space', words: 'the disk quota is used up' },
  EFBIG: { code: 'no-space', words: 'the file is larger than the file system takes' },
  ENOTDIR: { code: 'failed', words: 'a part of its path is a file, not a directory' },
  EISDIR: { code: 'failed', words: 'it is a directory' },
  // What passes by itself: an NFS server that went away, too many open files, a busy device.
  EAGAIN: { code: 'transient', words: 'the file system is busy' },
  EBUSY: { code: 'transient', words: 'the file system is busy' },
  EINTR: { code: 'transient', words: 'the operation was interrupted' },
  EIO: { code: 'transient', words: 'input/output error' },
  EMFILE: { code: 'transient', words: 'too many open files' },
  ENFILE: { code: 'transient', words: 'too many open files' },
  ESTALE: { code: 'transient', words: 'the NFS server has lost the file handle' },
  ETIMEDOUT: { code: 'transient', words: 'the file server does not answer' },
};

/** The errno name (`ENOSPC`) of a failed system call; null for any other error. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/**
 * What a failed system call means. `file` is the name it was about, null for the location itself. The message
 * names no path of this machine: who reads it may not be who runs it.
 */
export function fromSystemError(error: unknown, file: string | null): StoreError {
  if (error instanceof StoreError) return error;
  const errno = errnoOf(error);
  const known = errno === null ? undefined : CODES[errno];
  const words = known === undefined ? messageOf(error) : `${known.words} (${errno})`;
  return new StoreError(known?.code ?? 'failed', file === null ? words : `${file}: ${words}`, file, {
    cause: error,
  });
}
