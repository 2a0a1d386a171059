// Seals the cluster's secret to a replacement's device, for a renter who is away. The recipient must be signed by that device's key.
import type { Assignment } from '@iog/protocol';
import { encodeSecrets, sealTo, toBase64url, verify, type ClusterSecrets } from '@iog/seal';

export type SealFor = Assignment['sealFor'][number];

/** The secret sealed to the device, base64url; undefined when the recipient is not signed by the device's key. */
export async function sealForDevice(
  { publicKey, recipient, recipientSignature }: SealFor,
  secrets: ClusterSecrets,
): Promise<string | undefined> {
  if (!verify(publicKey, 'recipient', new TextEncoder().encode(recipient), recipientSignature)) return undefined;
  return toBase64url(await sealTo([recipient], encodeSecrets(secrets)));
}
