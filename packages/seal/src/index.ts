// The face of @iog/seal: the only home of cryptography. Bytes in, bytes out; no files, no sockets, no clock.
export * from './seal-error.ts';
export * from './bytes.ts';
export * from './canonical.ts';
export * from './signing.ts';
export * from './age.ts';
export * from './api-secret.ts';
export * from './cluster-secrets.ts';
export * from './device-request.ts';
export * from './capacity-work.ts';
