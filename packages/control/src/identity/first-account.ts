// The first account of a network, made where there is none yet; and what keys of an earlier IOG get when the scope `operate` came.
import { scopes, type Scope } from '@iog/protocol';
import { createAccount, type AccountRow, type KeyRow } from '@iog/core';
import { all } from '../cluster/account.ts';
import { type ControlPorts, type Read, change, newId } from '../ports.ts';

export interface FirstAccount {
  readonly name: string;
  readonly keyHash: string;
  readonly recipient: string;
}

export async function makeFirstAccount(ports: ControlPorts, first: FirstAccount | undefined): Promise<void> {
  if (!first) return;
  await change(ports, async (read) => {
    const key = await read.one('key', first.keyHash);
    if (key) return { writes: await upgraded(ports, read, key), value: undefined };
    const existing = await ports.store.query({ kind: 'account', index: 'all', limit: 1 });
    if (existing.length > 0) return { writes: [], value: undefined };
    const wanted = {
      name: first.name,
      recipient: first.recipient,
      key: { name: 'first key', hash: first.keyHash, scopes: [...scopes] },
    };
    const made = createAccount({
      id: newId(ports, 'acc'),
      keyId: newId(ports, 'key'),
      wanted,
      maker: null,
      now: ports.clock.now(),
    });
    if (!made.ok) throw new Error(`the first account was refused: ${made.rejection.code}`);
    return { writes: made.rows, value: undefined };
  });
}

/** What the first key of another account had until it was given all of that account. */
const before: ReadonlySet<Scope> = new Set(['read', 'rent', 'supply']);

/**
 * Once, while the network's first key still lacks `operate`: that key gets it, for `admin` meant both; and the first key of every other
 * account gets `admin`, without which nobody could make or revoke keys there.
 */
async function upgraded({ store }: ControlPorts, read: Read, first: KeyRow): Promise<KeyRow[]> {
  if (!first.scopes.includes('admin') || first.scopes.includes('operate')) return [];
  const writes: KeyRow[] = [{ ...first, scopes: [...first.scopes, 'operate'] }];
  for (const { id, createdAt } of await all<AccountRow>(store, 'account', 'all')) {
    if (id === first.account) continue;
    const listed = await all<KeyRow>(store, 'key', 'account', id);
    const keys = await read.many(
      'key',
      listed.map((key) => key.id),
    );
    const own = keys.filter((key) => key.createdAt === createdAt && key.spendCapMicro === null && isBefore(key.scopes));
    writes.push(...own.map((key): KeyRow => ({ ...key, scopes: [...key.scopes, 'admin'] })));
  }
  return writes;
}

function isBefore(found: readonly Scope[]): boolean {
  return found.length === before.size && found.every((scope) => before.has(scope));
}
