// The one error of this package. Its message never holds a secret, so it may be logged.

export type SealErrorCode =
  | 'seal.not-canonical'
  | 'seal.malformed'
  | 'seal.not-a-recipient'
  | 'seal.not-an-identity'
  | 'seal.not-for-this-identity'
  | 'seal.corrupt';

export class SealError extends Error {
  readonly code: SealErrorCode;

  constructor(code: SealErrorCode, message: string) {
    super(message);
    this.name = 'SealError';
    this.code = code;
  }
}
