// A team in one account: members come by invitation, try what is not theirs to do, are given other roles, and leave with their keys.
import { hashApiSecret, makeApiSecret } from '@iog/seal';
import type { Court } from '../laws/court.ts';
import { type Person, type Said, json } from './person.ts';

const law = '7 a key opens what it was made for';

export interface TeamRoom {
  readonly court: Court;
  readonly isOver: () => boolean;
  readonly now: () => number;
}

/** `person` acts with the first key of an account. */
export async function teamsUp(person: Person, room: TeamRoom): Promise<void> {
  const me = (await person.ask('key.show'))?.body['member'] as { id: string } | undefined;
  if (me) await person.ask('member.remove', { params: { member: me.id }, body: '{}' });
  while (!room.isOver()) {
    await person.rest(20_000, 600_000);
    await oneMember(person, room);
  }
}

async function oneMember(person: Person, { court, now }: TeamRoom): Promise<void> {
  const { draw } = person;
  const secret = makeApiSecret(draw.bytes(32));
  const expiresAt = now() + 3_600_000;
  const role = draw.pick(['viewer', 'member'] as const);
  const invited = await person.ask('invitation.create', { body: json({ hash: hashApiSecret(secret), role, expiresAt }) });
  if (invited?.status !== 200) return;
  if (draw.hits(0.2)) await person.ask('invitation.revoke', { params: { invitation: invited.body['id'] }, body: '{}' });
  const [first, second] = [await accepts(person, secret), await accepts(person, secret)];
  await accepts(person, makeApiSecret(draw.bytes(32)));
  if (first?.said.status === 200 && second?.said.status === 200) court.breaks(law, 'an invitation let two in');
  if (first?.said.status !== 200) return;

  const member = (first.said.body['member'] as { id: string }).id;
  const authorization = `Bearer ${first.secret}`;
  const inviting = await person.ask('invitation.create', {
    authorization,
    body: json({ hash: hashApiSecret(makeApiSecret(draw.bytes(32))), role: 'viewer', expiresAt }),
  });
  if (inviting?.status === 200) court.breaks(law, `a ${role} invited somebody`);
  if (draw.hits(0.5))
    await person.ask('member.role', { params: { member }, body: json({ role: draw.pick(['viewer', 'member', 'owner']) }) });
  const removed = await person.ask('member.remove', { params: { member }, body: '{}' });
  if (removed?.status !== 200) return;
  const after = await person.ask('account.show', { authorization });
  if (after?.status === 200) court.breaks(law, `a member that was removed was let in`);
}

async function accepts(person: Person, secret: string): Promise<{ readonly secret: string; readonly said: Said } | undefined> {
  const own = makeApiSecret(person.draw.bytes(32));
  const body = json({ secret, name: 'mate', key: { name: 'first', hash: hashApiSecret(own) } });
  const said = await person.ask('invitation.accept', { body });
  return said && { secret: own, said };
}
