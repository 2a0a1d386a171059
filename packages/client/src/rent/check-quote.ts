// Whether a quote may be sealed to: each age key in it is signed by its device, and the quote by the network.
import type { Quote } from '@iog/protocol';
import { canonical, verify } from '@iog/seal';

/** A quote whose signatures do not hold: sealing to it could hand the cluster's secret to somebody else. */
export class QuoteError extends Error {
  constructor(what: string) {
    super(`The quote is not to be trusted: ${what}.`);
    this.name = 'QuoteError';
  }
}

/** Throws QuoteError unless every signature holds. The network's own signature is checked where its key is known. */
export function checkQuote(quote: Quote, networkPublicKey?: string): void {
  for (const { name, recipient, recipientSignature, publicKey } of quote.nodes) {
    if (!verify(publicKey, 'recipient', Buffer.from(recipient, 'utf8'), recipientSignature)) {
      throw new QuoteError(`the age key of ${name} is not signed by that device`);
    }
  }
  const devices = new Set(quote.nodes.map((node) => node.device));
  if (devices.size === 0) throw new QuoteError('it names no device');
  if (networkPublicKey === undefined) return;
  const { signature, ...signed } = quote;
  if (!isSigned(networkPublicKey, signed, signature)) throw new QuoteError('it is not signed by this network');
}

// What has no canonical spelling was never signed.
function isSigned(publicKey: string, signed: object, signature: string): boolean {
  try {
    return verify(publicKey, 'quote', canonical(signed), signature);
  } catch {
    return false;
  }
}
