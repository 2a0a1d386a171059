// What a renter does wrong, by mistake or by intent: other people's things, keys beyond their scope, terms that are not theirs.
import type { Quote } from '@iog/protocol';
import { hashApiSecret, makeApiSecret, newClusterSecrets } from '@iog/seal';
import type { Court } from '../laws/court.ts';
import { type Person, json } from './person.ts';
import { type Held, type RenterRoom, quoted, sealed } from './terms.ts';

/** What is not theirs, or is no request at all. */
export async function misuse(person: Person, room: RenterRoom, { id }: Held): Promise<void> {
  const { draw } = person;
  const { court } = room;
  const which = draw.between(0, 11);
  if (which === 0) await person.ask('cluster.show', { params: { cluster: `clu_${'0'.repeat(26)}` } });
  else if (which === 1) await person.ask('cluster.end', { params: { cluster: id }, body: '{"and":"more"}' });
  else if (which === 2) await person.ask('faucet.draw', { body: json({ amountMicro: '999999999999' }) });
  else if (which === 3) await person.ask('quote.create', { body: '{not json' });
  else if (which === 4) await person.ask('cluster.show', { params: { cluster: id }, authorization: 'Bearer iog_aaaaaaaaaaaaaaaaaaaaaaaa' });
  else if (which === 5) await person.ask('device.list');
  else if (which === 6) await person.ask('job.show', { params: { job: `job_${'0'.repeat(26)}` } });
  else if (which === 7) await narrowKey(person, room, id);
  else if (which === 8) await wrongTerms(person, room);
  else await neighbours(person, court);
}

/** A second key: it may do only what it was made for, and nothing once it is revoked. */
async function narrowKey(person: Person, { court, recipient }: RenterRoom, cluster: string): Promise<void> {
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
  const quote = await quoted(person);
  if (quote) {
    const spent = await person.ask('cluster.create', { authorization, body: json(await termsOf(person, quote, recipient)) });
    if (spent?.status === 200)
      court.breaks('7 a key spends no more than its cap', `${person.name} spent ${quote.capMicro} with a key that may spend 10`);
  }
  const longer = await person.ask('cluster.extend', { authorization, params: { cluster }, body: json({ byMs: 60_000 }) });
  if (longer?.status === 200)
    court.breaks('7 a key spends no more than its cap', `${person.name} extended ${cluster} with a key that may spend 10`);
  const revoked = await person.ask('key.revoke', { params: { key: made.body['id'] }, body: '{}' });
  if (revoked?.status !== 200) return;
  const after = await person.ask('account.show', { authorization });
  if (after?.status === 200) court.breaks('7 a key opens what it was made for', `${person.name} was let in with a revoked key`);
}

const bodies: Readonly<Record<string, { body: string }>> = {
  'cluster.end': { body: '{}' },
  'cluster.extend': { body: json({ byMs: 60_000 }) },
};

/** Another's cluster is not there. */
async function neighbours(person: Person, court: Court): Promise<void> {
  const mine = String((await person.ask('account.show'))?.body['id']);
  const others = court.rows.all('cluster').filter(({ account }) => account !== mine);
  if (others.length === 0 || mine === 'undefined') return;
  const { id } = person.draw.pick(others);
  for (const route of ['cluster.show', 'receipt.show', 'job.list', 'cluster.end', 'cluster.extend'] as const) {
    const said = await person.ask(route, { params: { cluster: id }, ...bodies[route] });
    if (said?.status === 200) court.breaks("7 another's cluster is not there", `${person.name} of ${mine} was answered ${route} of ${id}`);
  }
}

/** A quote that another was given, or a secret that is sealed to somebody else. */
async function wrongTerms(person: Person, { court, recipient, board }: RenterRoom): Promise<void> {
  const mine = await quoted(person);
  const others = board.filter(({ account }) => account !== mine?.account);
  const quote = others.length > 0 && person.draw.hits(0.5) ? person.draw.pick(others) : mine;
  if (!quote || !mine) return;
  board.push(mine);
  if (board.length > 8) board.shift();
  const terms = await termsOf(person, quote, recipient);
  const wrong = quote === mine ? { ...terms, secrets: { ...terms.secrets, sealedTo: {} } } : terms;
  const said = await person.ask('cluster.create', { body: json(wrong) });
  if (said?.status === 200) court.breaks('7 a quote is for whom it was made', `${person.name} rented on ${quote.id}`);
}

async function termsOf(person: Person, quote: Quote, recipient: string) {
  const secrets = await newClusterSecrets(person.draw.bytes(64));
  return { name: 'cluster', quote, secrets: await sealed(secrets, quote, recipient) };
}
