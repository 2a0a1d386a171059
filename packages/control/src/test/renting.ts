// A renter for tests: asks for quotes and creates clusters, with secrets that nobody opens.
import type { ClusterView, Quote, QuoteAnswer, Secrets } from '@iog/protocol';
import { type Answer, type CallOptions, type Rig } from './rig.ts';

export async function quoteOf(rig: Rig, changes: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Quote> {
  const demand = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 600_000, ...changes };
  const { status, body } = await rig.call<QuoteAnswer>('POST', '/v1/quotes', demand, options);
  if (status !== 200 || !body.quote) throw new Error(`there is no quote: ${JSON.stringify(body)}`);
  return body.quote;
}

export function secretsFor(quote: Quote, recipient: string): Secrets {
  const sealedTo = Object.fromEntries(quote.nodes.map((node) => [node.device, 'c2VhbGVk']));
  return { sealedTo, sealedToRenter: 'c2VhbGVk', recipient, renterRecipient: recipient };
}

export function createOf(
  rig: Rig,
  quote: Quote,
  changes: Record<string, unknown> = {},
  options: CallOptions = {},
): Promise<Answer<ClusterView>> {
  const recipient = quote.nodes[0]?.recipient ?? '';
  return rig.call<ClusterView>(
    'POST',
    '/v1/clusters',
    { name: 'train', quote, secrets: secretsFor(quote, recipient), ...changes },
    options,
  );
}

export async function fund(rig: Rig, amountMicro = '10000000', key = rig.secret): Promise<void> {
  const { status, body } = await rig.call('POST', '/v1/faucet', { amountMicro }, { key });
  if (status !== 200) throw new Error(`the faucet gave nothing: ${JSON.stringify(body)}`);
}
