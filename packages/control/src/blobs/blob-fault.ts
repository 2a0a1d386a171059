// The environment failed under the blob store: its disk is full, or did not do what it should. What callers cause is a Rejection instead.

export type BlobFaultCode = 'store.full' | 'store.failed';

export class BlobFault extends Error {
  override readonly name = 'BlobFault';
  readonly code: BlobFaultCode;

  constructor(code: BlobFaultCode, cause: unknown) {
    super(code === 'store.full' ? 'the disk under the blobs is full' : `the disk under the blobs failed: ${String(cause)}`, { cause });
    this.code = code;
  }
}

const fullCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** The fault that an error of the file system is. */
export function blobFaultOf(cause: unknown): BlobFault {
  if (cause instanceof BlobFault) return cause;
  return new BlobFault(fullCodes.includes(codeOf(cause)) ? 'store.full' : 'store.failed', cause);
}

export function codeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}
