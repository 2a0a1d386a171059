// Renting: check the quote, make the cluster's secrets, seal them to exactly the quote's devices and to the renter, create.
import type { ClusterView, Demand, Quote, Secrets } from '@iog/protocol';
import { decodeSecrets, encodeSecrets, fromBase64url, newClusterSecrets, open, sealTo, toBase64url, type ClusterSecrets } from '@iog/seal';
import type { IogClient } from '../api/iog-client.ts';
import { checkQuote } from './check-quote.ts';

export interface Renting {
  readonly name: string;
  readonly quote: Quote;
  /** The renter's own age recipient: with its identity the cluster's secrets and logs can be opened anywhere. */
  readonly renterRecipient: string;
  /** The network's public key, if known: then the quote's own signature is checked too. */
  readonly networkPublicKey?: string;
  readonly idleEndMs?: number;
  readonly idempotencyKey?: string;
}
export interface Rented {
  readonly cluster: ClusterView;
  readonly secrets: ClusterSecrets;
}

/** Rents what the quote names. Throws QuoteError for a quote that does not hold, ApiError for what the network refuses. */
export async function rentCluster(client: IogClient, renting: Renting): Promise<Rented> {
  const { name, quote, renterRecipient, networkPublicKey, idleEndMs, idempotencyKey } = renting;
  checkQuote(quote, networkPublicKey);
  const secrets = await newClusterSecrets();
  const cluster = await client.call('cluster.create', {
    body: {
      name,
      quote,
      secrets: await sealSecrets(secrets, quote, renterRecipient),
      ...(idleEndMs === undefined ? {} : { idleEndMs }),
    },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  return { cluster, secrets };
}

async function sealSecrets(secrets: ClusterSecrets, quote: Quote, renterRecipient: string): Promise<Secrets> {
  const bytes = encodeSecrets(secrets);
  const sealed = async (recipient: string): Promise<string> => toBase64url(await sealTo([recipient], bytes));
  const pairs = await Promise.all(quote.nodes.map(async (node) => [node.device, await sealed(node.recipient)] as const));
  return {
    sealedTo: Object.fromEntries(pairs),
    sealedToRenter: await sealed(renterRecipient),
    recipient: secrets.ageRecipient,
    renterRecipient,
  };
}

/** The cluster's secrets, opened with the renter's age identity. */
export async function openSecrets(cluster: ClusterView, ageIdentity: string): Promise<ClusterSecrets> {
  return decodeSecrets(await open(ageIdentity, fromBase64url(cluster.sealedToRenter)));
}

/** The quote for a demand, or the Error that says which filter left nothing. */
export async function askQuote(client: IogClient, demand: Demand): Promise<Quote | NothingFits> {
  const { quote, emptiedBy } = await client.call('quote.create', { body: demand });
  return quote ?? { nothingFits: emptiedBy === null ? 'no device is on offer' : `${emptiedBy.filter}: ${emptiedBy.detail}` };
}
export interface NothingFits {
  readonly nothingFits: string;
}
