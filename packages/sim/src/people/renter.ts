// A renter: asks for money and quotes, creates, races, overspends, retries well and badly, submits and stops jobs, extends, ends, and vanishes.
import { type ClusterView, type JobView, longestAskMs } from '@iog/protocol';
import { canonical, newClusterSecrets, sealTo, toBase64url } from '@iog/seal';
import type { Court } from '../laws/court.ts';
import { type Held, type RenterRoom, quoted, sealed } from './terms.ts';
import { misuse } from './misuse.ts';
import { type Person, type Said, json } from './person.ts';

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
      if (made && draw.hits(0.7)) await submit(person, room, made);
    } else if (dice < 0.6) await submit(person, room, cluster);
    else if (dice < 0.66) await stop(person, cluster);
    else if (dice < 0.74) await extend(person, room, clusters.at(-1) ?? cluster);
    else if (dice < 0.82) await end(person, room, cluster);
    else if (dice < 0.9) await look(person, room, cluster);
    else await misuse(person, room, cluster);
  }
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
    kept: (rows) => rows.one('cluster', id)?.account === account && (rows.one('cluster', id)?.capMicro ?? 0n) >= BigInt(capMicro),
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

async function submit(person: Person, { court }: RenterRoom, cluster: Held): Promise<void> {
  const entrypoint = canonical({ entrypoint: 'python job.py', env: {} });
  const sealedEntrypoint = toBase64url(await sealTo([cluster.secrets.ageRecipient], entrypoint));
  const body = json({ name: 'job', sealedEntrypoint, ...(person.draw.hits(0.4) ? { retries: 2 } : {}) });
  const said = await person.ask('job.submit', { params: { cluster: cluster.id }, body });
  if (said?.status !== 200) return;
  const { id } = said.body as unknown as JobView;
  cluster.jobs.push(id);
  court.promised({ what: `${id} was submitted to ${cluster.id}`, kept: (rows) => rows.one('job', id)?.cluster === cluster.id });
}

async function stop(person: Person, cluster: Held): Promise<void> {
  const job = cluster.jobs.length > 0 ? person.draw.pick(cluster.jobs) : undefined;
  if (job !== undefined) await person.ask('job.stop', { params: { job }, body: '{}' });
}

/** By some time, at times for more than there is money, at times while it is ended: it goes on so much longer, or nothing was taken. */
async function extend(person: Person, room: RenterRoom, cluster: Held): Promise<void> {
  const { draw } = person;
  const byMs = draw.hits(0.15) ? longestAskMs : draw.pick([60_000, 300_000, 1_800_000]);
  const body = json({ byMs, ...(draw.hits(0.3) ? { capMicro: String(draw.between(0, 4_000)) } : {}) });
  const asked = person.ask('cluster.extend', { params: { cluster: cluster.id }, body });
  const [said] = await Promise.all(draw.hits(0.1) ? [asked, end(person, room, cluster)] : [asked]);
  if (said?.status !== 200) return;
  const { id, capMicro, endsAt } = said.body as unknown as ClusterView;
  room.court.promised({
    what: `${id} was extended until ${endsAt} with the cap ${capMicro}`,
    kept: (rows) => {
      const row = rows.one('cluster', id);
      return row !== undefined && row.endsAt >= endsAt && row.capMicro >= BigInt(capMicro);
    },
  });
  // Nobody here waits for a month: who got it has seen that it may be had.
  if (byMs === longestAskMs) await end(person, room, cluster);
}

async function end(person: Person, { court }: RenterRoom, { id }: Held): Promise<void> {
  const said = await person.ask('cluster.end', { params: { cluster: id }, body: '{}' });
  if (said?.status !== 200) return;
  court.promised({
    what: `${id} was ended`,
    kept: (rows) => ['ending', 'ended'].includes(rows.one('cluster', id)?.state ?? ''),
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
