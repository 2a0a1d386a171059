// Where a sealed package lies among the blobs.

/** Under its account, so that one account's name for bytes opens nothing of another's. */
export function blobName(account: string, blob: string): string {
  return `packages/${account}/${blob}`;
}
