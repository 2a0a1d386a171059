// Teams: an account keeps an owner, nobody gives what they lack, and an invitation opens once, while its maker may invite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  type Acceptance,
  type KeyId,
  type MemberId,
  type MemberRole,
  type Scope,
  accountScopes,
  makeId,
  memberRoles,
  roleScopes,
  scopes,
  teamLimits,
} from '@iog/protocol';
import { sampleAccount, sampleNow as now } from '../fleet/sample-device.ts';
import type { AccountRow, InvitationRow, KeyRow, Row } from '../rows.ts';
import type { Decision } from '../decision.ts';
import { createKey, founderId } from './identity.ts';
import { acceptInvitation, createInvitation, invitationView, revokeInvitation } from './invitation.ts';
import { changeRole, membersOf, removeMember } from './team.ts';

const account: AccountRow = { kind: 'account', id: sampleAccount, name: 'lab', createdAt: now, recipient: null };
const founder = founderId(sampleAccount);
const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const memberId = (n: number): MemberId => makeId('mem', now, bytes(n));

function keyOf(n: number, changes: Partial<KeyRow> = {}): KeyRow {
  const wanted = { name: 'key', hash: String(n % 10).repeat(64), scopes: [...accountScopes] };
  const id: KeyId = makeId('key', now, bytes(n));
  const made = createKey({ wanted, maker: null, now, id, account: sampleAccount });
  assert.ok(made.ok);
  return { ...made.value, ...changes };
}
const owner = keyOf(1);
const withMembers = (...given: MemberRole[]): AccountRow => ({
  ...account,
  members: [...membersOf(account), ...given.map((role, i) => ({ id: memberId(i + 1), name: `m${i + 1}`, role, createdAt: now }))],
});
const codeOf = (decision: Decision<unknown>): string => (decision.ok ? 'ok' : decision.rejection.code);
const find = <K extends Row['kind']>(decision: Decision<unknown>, kind: K) =>
  decision.ok ? decision.rows.filter((row): row is Extract<Row, { kind: K }> => row.kind === kind) : [];

function inviteOf(
  role: MemberRole = 'member',
  by: KeyRow = owner,
  of: AccountRow = account,
  changes: Partial<InvitationRow> = {},
): InvitationRow {
  const wanted = { hash: 'f'.repeat(64), role, expiresAt: now + 1_000 };
  const made = createInvitation({ wanted, account: of, by, kept: 0, id: makeId('inv', now, bytes(1)), now });
  assert.ok(made.ok, codeOf(made));
  return { ...made.value, ...changes };
}
const acceptance: Acceptance = { secret: `iog_${'A'.repeat(43)}`, name: 'bob', key: { name: 'first', hash: 'b'.repeat(64) } };
function accepted(invitation: InvitationRow, changes: Partial<Parameters<typeof acceptInvitation>[0]> = {}) {
  const ids = { member: memberId(9), key: makeId('key', now, bytes(9)) };
  return acceptInvitation({ wanted: acceptance, invitation, account, maker: owner, standing: undefined, ...ids, now, ...changes });
}

test('an account and a key of before teams belong to the founding owner', () => {
  const { member: _, ...old } = keyOf(2);
  assert.deepEqual(membersOf(account), [{ id: founder, name: 'lab', role: 'owner', createdAt: now }]);
  assert.equal(codeOf(changeRole({ account: withMembers('viewer'), member: memberId(1), by: old, keys: [], now }, 'member')), 'ok');
});

test('whoever accepts is a member with a key of their own, and asking again gives the same', () => {
  const joined = accepted(inviteOf());
  assert.ok(joined.ok);
  assert.deepEqual(joined.value.key.scopes, [...accountScopes]);
  assert.equal(joined.value.key.member, memberId(9));
  assert.equal(membersOf(joined.value.account).length, 2);
  const [used] = find(joined, 'invitation');
  assert.ok(used);
  assert.equal(invitationView(used, now).state, 'used');
  const again = accepted(used, { account: joined.value.account, standing: joined.value.key });
  assert.ok(again.ok && again.rows.length === 0 && again.value.key.key === joined.value.key.key);
  const other = { ...acceptance, key: { ...acceptance.key, hash: 'c'.repeat(64) } };
  assert.equal(codeOf(accepted(used, { account: joined.value.account, wanted: other })), 'invitation.over');
});

test('an invitation ends by its time, by a word, and with the key or the role of whoever made it', () => {
  const open = inviteOf();
  const revoked = revokeInvitation(open, account, owner, now);
  assert.ok(revoked.ok);
  assert.equal(codeOf(accepted(revoked.value)), 'invitation.over');
  assert.equal(codeOf(accepted(open, { now: now + 1_000 })), 'invitation.over');
  assert.equal(codeOf(accepted(open, { maker: undefined })), 'invitation.over');
  assert.equal(codeOf(accepted(open, { maker: { ...owner, revokedAt: now } })), 'invitation.over');
  assert.equal(codeOf(accepted(open, { maker: { ...owner, scopes: ['admin'] } })), 'invitation.over');
  const demoted = { ...account, members: membersOf(account).map((each) => ({ ...each, role: 'member' as const })) };
  assert.equal(codeOf(accepted(open, { account: demoted })), 'invitation.over');
  assert.equal(codeOf(accepted(open, { standing: keyOf(3) })), 'request.refused');
  const full = {
    ...account,
    members: Array.from({ length: teamLimits.members }, (_, i) => ({ id: memberId(i), name: 'x', role: 'owner' as const, createdAt: now })),
  };
  assert.equal(codeOf(accepted(open, { account: { ...full, members: [...full.members.slice(1), ...membersOf(account)] } })), 'member.full');
});

const inviting = (by: KeyRow, changes = {}, kept = 0): string =>
  codeOf(
    createInvitation({
      wanted: { hash: 'f'.repeat(64), role: 'member', expiresAt: now + 1, ...changes },
      account: withMembers('member'),
      by,
      kept,
      id: makeId('inv', now, bytes(1)),
      now,
    }),
  );

test('only an unbound key of an owner invites, and not for long', () => {
  assert.equal(inviting(owner), 'ok');
  assert.equal(inviting({ ...owner, member: memberId(1) }), 'member.not-owner');
  assert.equal(inviting({ ...owner, member: memberId(7) }), 'key.revoked');
  assert.equal(inviting({ ...owner, expiresAt: now + 9 }), 'request.refused');
  assert.equal(inviting({ ...owner, spendCapMicro: 1n }), 'request.refused');
  assert.equal(inviting(owner, { expiresAt: now }), 'request.refused');
  assert.equal(inviting(owner, { expiresAt: now + teamLimits.invitationMs + 1 }), 'request.refused');
  assert.equal(inviting(owner, {}, teamLimits.invitations), 'invitation.full');
});

test('law: nobody gives more than they have', () => {
  const some = fc.subarray([...scopes], { minLength: 1 });
  fc.assert(
    fc.property(some, fc.constantFrom(...memberRoles), fc.option(some, { nil: undefined }), (has: Scope[], role, asks?: Scope[]) => {
      const by = { ...owner, scopes: has };
      const made = createInvitation({
        wanted: { hash: 'f'.repeat(64), role, expiresAt: now + 1 },
        account,
        by,
        kept: 0,
        id: makeId('inv', now, bytes(1)),
        now,
      });
      if (!made.ok) return;
      const wanted = { ...acceptance, key: { ...acceptance.key, ...(asks ? { scopes: asks } : {}) } };
      const joined = accepted(made.value, { maker: { ...by, scopes: [...new Set([...has, 'admin' as const])] }, wanted });
      if (!joined.ok) return;
      for (const scope of joined.value.key.scopes) assert.ok(has.includes(scope) && roleScopes[role].includes(scope), scope);
    }),
  );
});

test('law: whatever roles are given and whoever is removed, the account keeps an owner and keys within their role', () => {
  const step = fc.record({ actor: fc.nat(3), target: fc.nat(3), to: fc.constantFrom(...memberRoles, 'gone' as const) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let team = withMembers('owner', 'member', 'viewer');
      const ids = [founder, memberId(1), memberId(2), memberId(3)];
      const keys = new Map(
        membersOf(team).map(
          ({ id, role }, i) => [id, keyOf(i, { member: id, scopes: accountScopes.filter((s) => roleScopes[role].includes(s)) })] as const,
        ),
      );
      for (const { actor, target, to } of steps) {
        const [by, member] = [keys.get(ids[actor] ?? founder), ids[target] ?? founder];
        const key = keys.get(member);
        if (!by || !key || by.revokedAt !== null) continue;
        const steering = { account: team, member, by, keys: [key], now };
        const decided = to === 'gone' ? removeMember(steering) : changeRole(steering, to);
        for (const row of find(decided, 'account')) team = row;
        for (const row of find(decided, 'key')) keys.set(member, row);
        const members = membersOf(team);
        assert.ok(members.some(({ role }) => role === 'owner'));
        for (const [id, { scopes: has, revokedAt }] of keys) {
          const role = members.find((each) => each.id === id)?.role;
          if (role === undefined) assert.notEqual(revokedAt, null);
          // Such keys could all that their role may: they go on so.
          else assert.deepEqual([...has].toSorted(), accountScopes.filter((scope) => roleScopes[role].includes(scope)).toSorted());
        }
      }
    }),
  );
});

test('the last owner stays, others leave by themselves, and a key that is bound gains nothing', () => {
  const team = withMembers('viewer');
  assert.equal(codeOf(changeRole({ account: team, member: founder, by: owner, keys: [], now }, 'member')), 'member.last-owner');
  assert.equal(codeOf(removeMember({ account: team, member: founder, by: owner, keys: [], now })), 'member.last-owner');
  const viewer = keyOf(4, { member: memberId(1), scopes: ['read', 'admin'] });
  assert.equal(codeOf(removeMember({ account: team, member: founder, by: viewer, keys: [], now })), 'member.not-owner');
  assert.equal(codeOf(changeRole({ account: team, member: memberId(5), by: owner, keys: [], now }, 'member')), 'not-found');
  const [gone] = find(removeMember({ account: team, member: memberId(1), by: viewer, keys: [viewer], now }), 'key');
  assert.equal(gone?.revokedAt, now);
  const bound = { ...viewer, expiresAt: now + 5 };
  const raised = changeRole(
    { account: team, member: memberId(1), by: owner, keys: [bound, { ...viewer, scopes: ['read'] }], now },
    'member',
  );
  assert.ok(raised.ok && find(raised, 'key').length === 0);
  const narrow = { ...owner, scopes: ['read', 'admin'] as const };
  assert.equal(codeOf(changeRole({ account: team, member: memberId(1), by: narrow, keys: [], now }, 'member')), 'key.scope');
});
