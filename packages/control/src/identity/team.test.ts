// A team over HTTP: by invitation in, within the role, out at once with all that a key keeps open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountView, InvitationView, KeyView, MemberRole, MemberView, Scope } from '@iog/protocol';
import { hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { admittedFake } from '../test/fake-device.ts';
import { testPorts } from '../test/ports.ts';
import { openWith } from '../test/opened.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, startRig, until } from '../test/rig.ts';
import { rowSweeps } from '../sweep-rows.ts';

interface Who {
  readonly account: AccountView;
  readonly member: MemberView;
  readonly key: KeyView;
}
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
const fresh = (): string => makeApiSecret(randomBytes(32));

async function invite(rig: Rig, role: MemberRole, key?: string) {
  const secret = fresh();
  const body = { hash: hashApiSecret(secret), role, expiresAt: Date.now() + 60_000 };
  return { secret, ...(await rig.call<InvitationView>('POST', '/v1/invitations', body, key === undefined ? {} : { key })) };
}
async function accept(rig: Rig, secret: string, key = fresh(), scopes?: Scope[]) {
  const body = { secret, name: 'bob', key: { name: 'first', hash: hashApiSecret(key), ...(scopes ? { scopes } : {}) } };
  return { key, ...(await rig.call<Who>('POST', '/v1/invitations/accept', body, { key: null })) };
}

test('members come by invitation, do what their role may, and see each other', async (t) => {
  const rig = await startRig(t);
  const invited = await invite(rig, 'member');
  assert.equal(invited.status, 200);
  const bob = await accept(rig, invited.secret);
  assert.deepEqual([bob.status, bob.body.member.role, bob.body.key.scopes], [200, 'member', ['read', 'rent', 'supply', 'admin']]);
  // The answer was lost: the same again. Another one is too late.
  assert.deepEqual((await accept(rig, invited.secret, bob.key)).body, bob.body);
  assert.equal((await accept(rig, invited.secret)).body.code, 'invitation.over');
  assert.equal((await accept(rig, fresh())).body.code, 'invitation.unknown');

  const who = await rig.call<Who>('GET', '/v1/key', undefined, { key: bob.key });
  assert.deepEqual(who.body, bob.body);
  const members = await rig.call<Page<MemberView>>('GET', '/v1/members?limit=1', undefined, { key: bob.key });
  assert.deepEqual([members.body.items.length, members.body.items[0]?.role], [1, 'owner']);
  const rest = await rig.call<Page<MemberView>>('GET', `/v1/members?after=${members.body.next ?? ''}`);
  assert.deepEqual([rest.body.items.map(({ id }) => id), rest.body.next], [[bob.body.member.id], null]);
  const list = await rig.call<Page<InvitationView>>('GET', '/v1/invitations');
  assert.deepEqual([list.body.items[0]?.state, list.body.items[0]?.member], ['used', bob.body.member.id]);
  const acts = await rig.call<Page<{ command: string; key: string }>>('GET', '/v1/activity');
  assert.ok(acts.body.items.some(({ command, key }) => command === 'invitation.accept' && key === bob.body.key.id));

  const own = { name: 'own', hash: hashApiSecret(fresh()), scopes: ['read'] };
  const made = await rig.call<KeyView>('POST', '/v1/keys', own, { key: bob.key });
  assert.equal(made.body.member, bob.body.member.id);
  assert.equal((await rig.call('POST', `/v1/keys/${made.body.id}/revoke`, {}, { key: bob.key })).status, 200);
  const first = (await rig.call<Who>('GET', '/v1/key')).body;
  for (const refused of [
    await rig.call('POST', `/v1/keys/${first.key.id}/revoke`, {}, { key: bob.key }),
    await invite(rig, 'viewer', bob.key),
    await rig.call('POST', `/v1/members/${first.member.id}/remove`, {}, { key: bob.key }),
    await rig.call('POST', `/v1/invitations/${invited.body.id}/revoke`, {}, { key: bob.key }),
  ])
    assert.equal(refused.body.code, 'member.not-owner');
});

test('an invitation that is revoked, or whose maker ended, opens nothing; another account has none of it', async (t) => {
  const rig = await startRig(t);
  const revoked = await invite(rig, 'viewer');
  assert.equal((await rig.call<InvitationView>('POST', `/v1/invitations/${revoked.body.id}/revoke`)).body.state, 'revoked');
  assert.equal((await accept(rig, revoked.secret)).body.code, 'invitation.over');
  const maker = await rig.key({ scopes: ['read', 'admin'] });
  assert.equal((await invite(rig, 'member', maker.secret)).body.code, 'key.scope');
  const orphan = await invite(rig, 'viewer', maker.secret);
  await rig.call('POST', `/v1/keys/${maker.view.id}/revoke`);
  assert.equal((await accept(rig, orphan.secret)).body.code, 'invitation.over');
  const other = await rig.account('other');
  assert.equal((await rig.call('POST', `/v1/invitations/${orphan.body.id}/revoke`, {}, { key: other.secret })).body.code, 'not-found');
  const viewer = await invite(rig, 'viewer');
  assert.equal((await accept(rig, viewer.secret, fresh(), ['rent'])).body.code, 'key.scope');
  assert.equal((await invite(rig, 'owner', other.secret)).status, 200);
});

test('who is removed, or is a viewer from now on, has nothing open any more', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const [bob, eve] = [await accept(rig, (await invite(rig, 'member')).secret), await accept(rig, (await invite(rig, 'member')).secret)];
  const [ofBob, ofEve] = [await openWith(rig, cluster.id, bob.key), await openWith(rig, cluster.id, eve.key)];
  const removed = await rig.call('POST', `/v1/members/${bob.body.member.id}/remove`);
  assert.equal(removed.status, 200);
  await until('nothing of the removed member to be open', () => ofBob() === 0, 2_000);
  assert.equal((await rig.call('GET', '/v1/account', undefined, { key: bob.key })).body.code, 'key.revoked');
  assert.equal(ofEve(), 2);
  const viewer = await rig.call<MemberView>('POST', `/v1/members/${eve.body.member.id}/role`, { role: 'viewer' });
  assert.equal(viewer.body.role, 'viewer');
  await until('the tunnel of the viewer to end', () => ofEve() === 1, 2_000);
  const quote = await rig.call(
    'POST',
    '/v1/quotes',
    { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 600_000 },
    { key: eve.key },
  );
  assert.equal(quote.body.code, 'key.scope');
  assert.equal((await rig.call('GET', `/v1/clusters/${cluster.id}`, undefined, { key: eve.key })).status, 200);

  const me = (await rig.call<Who>('GET', '/v1/key')).body.member.id;
  assert.equal((await rig.call('POST', `/v1/members/${me}/remove`)).body.code, 'member.last-owner');
  await rig.call('POST', `/v1/members/${eve.body.member.id}/role`, { role: 'owner' });
  assert.equal((await rig.call('POST', `/v1/members/${me}/remove`)).status, 200);
  assert.equal((await rig.call('GET', '/v1/account')).body.code, 'key.revoked');
});

test('keys that a member makes while they are removed are revoked with the others', async (t) => {
  const rig = await startRig(t);
  for (let i = 0; i < 5; i++) {
    const bob = await accept(rig, (await invite(rig, 'member')).secret);
    const secrets = Array.from({ length: 8 }, fresh);
    const making = secrets.map((secret) =>
      rig.call('POST', '/v1/keys', { name: 'late', hash: hashApiSecret(secret), scopes: ['read'] }, { key: bob.key }),
    );
    const removing = rig.call('POST', `/v1/members/${bob.body.member.id}/remove`);
    await Promise.all([...making, removing]);
    assert.equal((await removing).status, 200);
    for (const secret of secrets) assert.equal((await rig.call('GET', '/v1/account', undefined, { key: secret })).status, 401);
  }
});

test('invitations are forgotten some time after their expiry', async (t) => {
  const rig = testPorts(t);
  const { ports } = rig;
  const base = { kind: 'invitation', account: 'acc_x', role: 'viewer', by: 'mem_x', maker: 'k', createdAt: 0, revokedAt: null, used: null };
  const expiresAt = ports.clock.now();
  await rig.write(
    { ...base, id: 'a', invitation: 'inv_a', expiresAt } as never,
    { ...base, id: 'b', invitation: 'inv_b', expiresAt: expiresAt + 5 } as never,
  );
  rig.pass(ports.policy.retention.enrolmentMs + 1);
  await rowSweeps(ports)['invitations']?.();
  assert.deepEqual(await rig.ids('invitation', 'account', 'acc_x'), ['b']);
});
