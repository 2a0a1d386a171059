// The face of @iog/client: everything a renter's program needs, and nothing of how the network works inside.
export { iogClient, tunnelUrl, type ClientOptions, type InputOf, type IogClient } from './api/iog-client.ts';
export { ApiError, UnreachableError, UntrustedError } from './api/api-error.ts';
export { QuoteError } from './rent/check-quote.ts';
export { askQuote, openSecrets, rentCluster, type NothingFits, type Rented, type Renting } from './rent/renter.ts';
export { EmptyFolderError, PackError, packFolder } from './job/pack.ts';
export { shellLine, submitJob, uploadPackage, type Submission } from './job/submit.ts';
export { followLog, isOver, savedLog, type LogOptions } from './job/logs.ts';
export { resultIn } from './job/result.ts';
export { openTunnel, type Tunnel } from './tunnel/tunnel-client.ts';
export { localProxy, type LocalProxy } from './tunnel/local-proxy.ts';
