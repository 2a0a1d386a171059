// What renting is made of here: what a renter holds, the quotes it asks for, and the secret sealed to a quote's devices.
import type { Demand, Quote, QuoteAnswer } from '@iog/protocol';
import { type ClusterSecrets, encodeSecrets, sealTo, toBase64url } from '@iog/seal';
import type { Chance } from '../engine/chance.ts';
import type { Court } from '../laws/court.ts';
import { type Person, json } from './person.ts';

export interface Held {
  readonly id: string;
  readonly secrets: ClusterSecrets;
  readonly jobs: string[];
}

export interface RenterRoom {
  readonly court: Court;
  readonly recipient: string;
  readonly isOver: () => boolean;
  /** Quotes that people have shown around. */
  readonly board: Quote[];
}

export async function quoted(person: Person): Promise<Quote | undefined> {
  const { draw } = person;
  const nodes = draw.between(1, 3);
  const durationMs = draw.pick([120_000, 600_000, 1_800_000, 3_900_000, 60_000]);
  const cap = draw.hits(0.2) ? { capMicro: String(draw.between(1, 40) * 100) } : {};
  const shape = { coresPerNode: draw.between(1, 3), memoryBytesPerNode: 1_000_000_000 };
  const demand = { nodes, ...shape, durationMs, ...cap, ...wishes(draw, durationMs) };
  const said = await person.ask('quote.create', {
    body: json(draw.hits(0.05) ? { ...demand, durationMs: 7_200_000, capMicro: '999000000' } : demand),
  });
  return said?.status === 200 ? ((said.body as unknown as QuoteAnswer).quote ?? undefined) : undefined;
}

/** A second group of nodes, at times for less time than the first; suppliers apart; a reputation: what few ask for. */
function wishes(draw: Chance, durationMs: number): Partial<Demand> {
  if (draw.hits(0.6)) return {};
  const own = draw.hits(0.5) ? { durationMs: Math.min(durationMs, draw.pick([60_000, 120_000, 300_000])) } : {};
  const group = { nodes: draw.between(1, 2), coresPerNode: draw.between(1, 2), memoryBytesPerNode: 500_000_000, ...own };
  return {
    ...(draw.hits(0.8) ? { more: [group] } : {}),
    ...(draw.hits(0.2) ? { spreadOver: 'suppliers' } : {}),
    ...(draw.hits(0.2) ? { reputationPermille: draw.between(800, 950) } : {}),
  };
}

export async function sealed(secrets: ClusterSecrets, quote: Quote, recipient: string) {
  const bytes = encodeSecrets(secrets);
  const to = async (whom: string): Promise<string> => toBase64url(await sealTo([whom], bytes));
  const sealedTo: Record<string, string> = {};
  for (const node of quote.nodes) sealedTo[node.device] = await to(node.recipient);
  return { sealedTo, sealedToRenter: await to(recipient), recipient: secrets.ageRecipient, renterRecipient: recipient };
}
