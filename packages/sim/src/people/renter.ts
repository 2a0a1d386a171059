// A renter: asks for money and quotes, creates, races, overspends, retries well and badly, submits and stops jobs, ends, and vanishes.
import type { ClusterView, JobView, Quote, QuoteAnswer } from '@iog/protocol';
import {
  canonical,
  encodeSecrets,
  hashApiSecret,
  makeApiSecret,
  newClusterSecrets,
  sealTo,
  toBase64url,
  type ClusterSecrets,
} from '@iog/seal';
import type { Court } from '../laws/court.ts';
import { type Person, type Said, json } from './person.ts';

interface Held {
  readonly id: string;
  readonly secrets: ClusterSecrets;
  readonly jobs: string[];
}

export interface RenterRoom {
  readonly court: Court;
  readonly recipient: string;
  readonly isOver: () => boolean;
}

/** Acts until it is over, or until it vanishes. */
export async function rents(person: Person, room: RenterRoom): Promise<void> {
  const { draw } = person;
  const clusters: Held[] = [];
  const account = (await person.ask('account.show'))?.body['id'];
  await person.ask('faucet.draw', { body: json({ amountMicro: '40000000' }) });
  const vanishes = draw.hits(0.2) ? draw.between(5, 30) : Number.POSITIVE_INFINITY;
  for (let acts = 0; !room.isOver() && acts < vanishes; acts++) {
    await person.rest(20_000, 400_000);
    const cluster = clusters.length > 0 ? draw.pick(clusters) : undefined;
    const dice = draw.unit();
    if (dice < 0.35 || cluster === undefined) {
      const made = await create(person, room, String(account));
      if (made) clusters.push(made);
    } else if (dice < 0.6) await submit(person, room, cluster);
    else if (dice < 0.68) await stop(person, cluster);
    else if (dice < 0.8) await end(person, room, cluster);
    else if (dice < 0.9) await look(person, room, cluster);
    else await misuse(person, room, cluster);
  }
}

async function quoted(person: Person): Promise<Quote | undefined> {
  const { draw } = person;
  const nodes = draw.between(1, 3);
  const durationMs = draw.pick([120_000, 600_000, 1_800_000, 7_200_000, 60_000]);
  const cap = draw.hits(0.2) ? { capMicro: String(draw.between(1, 40) * 100) } : {};
  const demand = { nodes, coresPerNode: draw.between(1, 3), memoryBytesPerNode: 1_000_000_000, durationMs, ...cap };
  const said = await person.ask('quote.create', {
    body: json(draw.hits(0.05) ? { ...demand, durationMs: 7_200_000, capMicro: '999000000' } : demand),
  });
  return said?.status === 200 ? ((said.body as unknown as QuoteAnswer).quote ?? undefined) : undefined;
}

async function create(person: Person, { court, recipient }: RenterRoom, account: string): Promise<Held | undefined> {
  const { draw } = person;
  const quote = await quoted(person);
  if (!quote) return undefined;
  if (draw.hits(0.05)) await person.rest(60_000, 180_000);
  const secrets = await newClusterSecrets(draw.bytes(64));
  const isAltered = draw.hits(0.06);
  const body = json({
    name: 'cluster',
    quote: isAltered ? { ...quote, capMicro: String(BigInt(quote.capMicro) + 1n) } : quote,
    secrets: await sealed(secrets, quote, recipient),
    ...(draw.hits(0.3) ? { idleEndMs: 300_000 } : {}),
  });
  const idempotencyKey = person.freshKey();
  const ask = (key: string): Promise<Said | undefined> => person.ask('cluster.create', { body, idempotencyKey: key });
  // The same terms asked for twice at once: only what there is can be given.
  const races = draw.hits(0.15) ? [ask(idempotencyKey), ask(person.freshKey())] : [ask(idempotencyKey)];
  const [said, other] = await Promise.all(races);
  if (isAltered && (said?.status === 200 || other?.status === 200))
    court.breaks('7 a quote stands as it was signed', `an altered ${quote.id} was taken`);
  for (const each of [said, other]) if (each?.status === 200) acknowledged(court, each.body as unknown as ClusterView, account);
  if (draw.hits(0.1)) await again(person, court, { body, idempotencyKey }, said);
  const view = said?.status === 200 ? said : other;
  return view?.status === 200 ? { id: (view.body as unknown as ClusterView).id, secrets, jobs: [] } : undefined;
}

function acknowledged(court: Court, { id, capMicro }: ClusterView, account: string): void {
  court.promised({
    what: `${id} was created for ${account} with the cap ${capMicro}`,
    kept: (rows) => rows.get('cluster', id)?.account === account && rows.get('cluster', id)?.capMicro === BigInt(capMicro),
  });
}

/** The same key: the same body gets the same answer, another one is refused. */
async function again(
  person: Person,
  court: Court,
  asked: { body: string; idempotencyKey: string },
  first: Said | undefined,
): Promise<void> {
  const same = await person.ask('cluster.create', asked);
  if (first?.status === 200 && same?.status === 200 && same.body['id'] !== first.body['id'])
    court.breaks('10 a repeated request gets its old answer', `${String(first.body['id'])} and ${String(same.body['id'])} answer one key`);
  const other = await person.ask('cluster.create', { ...asked, body: asked.body.replace('"cluster"', '"other"') });
  if (first?.status === 200 && other !== undefined && other.code !== 'idempotency.mismatch')
    court.breaks('10 a repeated request gets its old answer', `another body under one key was answered ${other.status} ${other.code}`);
}

async function sealed(secrets: ClusterSecrets, quote: Quote, recipient: string) {
  const bytes = encodeSecrets(secrets);
  const to = async (whom: string): Promise<string> => toBase64url(await sealTo([whom], bytes));
  const sealedTo: Record<string, string> = {};
  for (const node of quote.nodes) sealedTo[node.device] = await to(node.recipient);
  return { sealedTo, sealedToRenter: await to(recipient), recipient: secrets.ageRecipient, renterRecipient: recipient };
}

async function submit(person: Person, { court }: RenterRoom, cluster: Held): Promise<void> {
  const entrypoint = canonical({ entrypoint: 'python job.py', env: {} });
  const sealedEntrypoint = toBase64url(await sealTo([cluster.secrets.ageRecipient], entrypoint));
  const body = json({ name: 'job', sealedEntrypoint, ...(person.draw.hits(0.4) ? { retries: 2 } : {}) });
  const said = await person.ask('job.submit', { params: { cluster: cluster.id }, body });
  if (said?.status !== 200) return;
  const { id } = said.body as unknown as JobView;
  cluster.jobs.push(id);
  court.promised({ what: `${id} was submitted to ${cluster.id}`, kept: (rows) => rows.get('job', id)?.cluster === cluster.id });
}

async function stop(person: Person, cluster: Held): Promise<void> {
  const job = cluster.jobs.length > 0 ? person.draw.pick(cluster.jobs) : undefined;
  if (job !== undefined) await person.ask('job.stop', { params: { job }, body: '{}' });
}

async function end(person: Person, { court }: RenterRoom, { id }: Held): Promise<void> {
  const said = await person.ask('cluster.end', { params: { cluster: id }, body: '{}' });
  if (said?.status !== 200) return;
  court.promised({
    what: `${id} was ended`,
    kept: (rows) => ['ending', 'ended'].includes(rows.get('cluster', id)?.state ?? ''),
  });
}

async function look(person: Person, { court }: RenterRoom, { id }: Held): Promise<void> {
  await person.ask('cluster.list');
  await person.ask('balance.show');
  await person.ask('entry.list');
  const receipt = await person.ask('receipt.show', { params: { cluster: id } });
  if (receipt?.status !== 200) return;
  const { heldMicro, paidMicro, refundedMicro } = receipt.body as Record<string, string>;
  if (BigInt(heldMicro ?? '') !== BigInt(paidMicro ?? '') + BigInt(refundedMicro ?? ''))
    court.breaks('2 held = paid + refunded + still held', `the receipt of ${id} does not add up`);
}

/** What is not theirs, or is no request at all. */
async function misuse(person: Person, { court }: RenterRoom, { id }: Held): Promise<void> {
  const { draw } = person;
  const which = draw.between(0, 9);
  if (which === 0) await person.ask('cluster.show', { params: { cluster: `clu_${'0'.repeat(26)}` } });
  else if (which === 1) await person.ask('cluster.end', { params: { cluster: id }, body: '{"and":"more"}' });
  else if (which === 2) await person.ask('faucet.draw', { body: json({ amountMicro: '999999999999' }) });
  else if (which === 3) await person.ask('quote.create', { body: '{not json' });
  else if (which === 4) await person.ask('cluster.show', { params: { cluster: id }, authorization: 'Bearer iog_aaaaaaaaaaaaaaaaaaaaaaaa' });
  else if (which === 5) await person.ask('device.list');
  else if (which === 6) await person.ask('job.show', { params: { job: `job_${'0'.repeat(26)}` } });
  else if (which === 7) await narrowKey(person, court);
  else await neighbours(person, court);
}

/** A second key: it may do only what it was made for, and nothing once it is revoked. */
async function narrowKey(person: Person, court: Court): Promise<void> {
  const secret = makeApiSecret(person.draw.bytes(32));
  const made = await person.ask('key.create', {
    body: json({ name: 'second', hash: hashApiSecret(secret), scopes: ['read', 'rent'], spendCapMicro: '10' }),
  });
  if (made?.status !== 200) return;
  const authorization = `Bearer ${secret}`;
  const beyond = await person.ask('key.create', {
    authorization,
    body: json({ name: 'third', hash: hashApiSecret(makeApiSecret(person.draw.bytes(32))), scopes: ['read'] }),
  });
  if (beyond?.status === 200) court.breaks('7 a key opens what it was made for', `${person.name} made a key with one that may not`);
  const revoked = await person.ask('key.revoke', { params: { key: made.body['id'] }, body: '{}' });
  if (revoked?.status !== 200) return;
  const after = await person.ask('account.show', { authorization });
  if (after?.status === 200) court.breaks('7 a key opens what it was made for', `${person.name} was let in with a revoked key`);
}

/** Another's cluster is not there. */
async function neighbours(person: Person, court: Court): Promise<void> {
  const mine = String((await person.ask('account.show'))?.body['id']);
  const others = court.rows.all('cluster').filter(({ account }) => account !== mine);
  if (others.length === 0 || mine === 'undefined') return;
  const { id } = person.draw.pick(others);
  for (const route of ['cluster.show', 'receipt.show', 'job.list', 'cluster.end'] as const) {
    const said = await person.ask(route, { params: { cluster: id }, ...(route === 'cluster.end' ? { body: '{}' } : {}) });
    if (said?.status === 200) court.breaks("7 another's cluster is not there", `${person.name} of ${mine} was answered ${route} of ${id}`);
  }
}
