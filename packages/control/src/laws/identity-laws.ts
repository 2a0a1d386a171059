// The laws of teams: nobody is locked out of an account, and no key outlives the membership that it belongs to.
import { memberOf, membersOf } from '@iog/core';
import { roleScopes } from '@iog/protocol';
import { type Law, unless } from './books.ts';

export const everyAccountHasAnOwner: Law = (books) =>
  books.all('account').flatMap((account) => {
    const members = membersOf(account);
    const holds = members.some(({ role }) => role === 'owner');
    return unless(holds, account.id, `of its ${members.length} members none is an owner`);
  });

/** A key that was not revoked belongs to a member, and may no more than their role. */
export const everyKeyIsOfAMember: Law = (books) =>
  books.all('key').flatMap((key) => {
    const account = books.one('account', key.account);
    if (!account || key.revokedAt !== null) return [];
    const member = membersOf(account).find(({ id }) => id === memberOf(key));
    const beyond = key.scopes.filter((scope) => !member || !roleScopes[member.role].includes(scope));
    return unless(beyond.length === 0, key.key, `its member is ${member?.role ?? 'gone'}, and it may ${key.scopes.join(', ')}`);
  });
