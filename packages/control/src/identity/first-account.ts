// The first account of a network, made where there is none yet.
import { createAccount } from '@iog/core';
import { type ControlPorts, change, newId } from '../ports.ts';

export interface FirstAccount {
  readonly name: string;
  readonly keyHash: string;
  readonly recipient: string;
}

export async function makeFirstAccount(ports: ControlPorts, first: FirstAccount | undefined): Promise<void> {
  if (!first) return;
  await change(ports, async (read) => {
    const existing = await ports.store.query({ kind: 'account', index: 'all', limit: 1 });
    if (existing.length > 0 || (await read.one('key', first.keyHash))) return { writes: [], value: undefined };
    const wanted = {
      name: first.name,
      recipient: first.recipient,
      key: { name: 'first key', hash: first.keyHash, scopes: ['read', 'rent', 'supply', 'admin'] as const },
    };
    const made = createAccount({
      id: newId(ports, 'acc'),
      keyId: newId(ports, 'key'),
      wanted: { ...wanted, key: { ...wanted.key, scopes: [...wanted.key.scopes] } },
      maker: null,
      now: ports.clock.now(),
    });
    if (!made.ok) throw new Error(`the first account was refused: ${made.rejection.code}`);
    return { writes: made.rows, value: undefined };
  });
}
