// ledger over HTTP: balance, entries, and the faucet of a test network.
import type { Balance } from '@iog/protocol';
import { type BalanceRow, type ClusterRow, type EntryRow, accept, availableOf, earnedOf, faucet, faucetOf, reject } from '@iog/core';
import { type ControlPorts, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { accountOf, answer, command } from '../command.ts';
import { all } from '../cluster/account.ts';
import { entryPage } from './entries.ts';
import { statementShown } from './statements.ts';

export function ledgerHandlers(ports: ControlPorts): Pick<Handlers, 'balance.show' | 'entry.list' | 'statement.show' | 'faucet.draw'> {
  const balanceOf = async (account: Parameters<typeof availableOf>[0]): Promise<Balance> => {
    const found = await ports.store.load([availableOf(account), earnedOf(account)].map((id) => ({ kind: 'balance', id })));
    const rows = found.flatMap((each) => (each ? [each.row as BalanceRow] : []));
    const clusters = await all<ClusterRow>(ports.store, 'cluster', 'holding', account);
    const held = clusters.reduce((sum, { heldMicro, paidMicro, refundedMicro }) => sum + heldMicro - paidMicro - refundedMicro, 0n);
    return {
      account,
      currency: ports.currency,
      availableMicro: amountOf(rows, availableOf(account)),
      heldMicro: String(held),
      earnedMicro: amountOf(rows, earnedOf(account)),
    };
  };
  return {
    'balance.show': async (call) => answer(await balanceOf(accountOf(call))),
    'entry.list': async (call) => answer(await entryPage(ports.store, accountOf(call), call.query)),
    'statement.show': (call) => statementShown(ports, accountOf(call), call.params.month),
    'faucet.draw': async (call) => {
      const before = await balanceOf(accountOf(call));
      return command(
        ports,
        call,
        accountOf(call),
        async (read) => {
          const account = accountOf(call);
          const ids = [availableOf(account), faucetOf(account)];
          const balances = new Map((await read.many('balance', ids)).map((row: BalanceRow) => [row.id, row]));
          const drawn = await drawnBefore(ports, account);
          const amountMicro = BigInt(call.body.amountMicro);
          if (amountMicro <= 0n) return reject('request.refused', { detail: 'the amount must be above zero' });
          const given = faucet({
            account,
            amountMicro,
            drawnMicro: drawn,
            balances,
            policy: ports.policy,
            now: ports.clock.now(),
            entryId: newId(ports, 'ent'),
          });
          return given.ok ? accept(given.rows, amountMicro) : given;
        },
        (amount): Balance => ({ ...before, availableMicro: String(BigInt(before.availableMicro) + amount) }),
      );
    },
  };
}

/** What the faucet has given this account. The balance row that every draw writes guards the sum. */
async function drawnBefore(ports: ControlPorts, account: string): Promise<bigint> {
  const entries = await all<EntryRow>(ports.store, 'entry', 'faucet', account);
  return entries.reduce(
    (sum, { lines }) => sum + lines.reduce((part, line) => part + (line.amountMicro > 0n ? line.amountMicro : 0n), 0n),
    0n,
  );
}

function amountOf(rows: readonly BalanceRow[], id: string): string {
  return String(rows.find((row) => row.id === id)?.amountMicro ?? 0n);
}
