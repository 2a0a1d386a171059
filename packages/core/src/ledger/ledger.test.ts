import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accrued, laptopPolicy, makeId } from '@iog/protocol';
import type { Decision } from '../decision.ts';
import { sampleAccount, sampleNow } from '../fleet/sample-device.ts';
import { BrokenLaw } from '../law.ts';
import type { BalanceRow, ClusterRow, EntryRow, LeaseRow, Row } from '../rows.ts';
import { accrue, faucet, placeHold, refundRest } from './cluster-money.ts';
import { availableOf, earnedOf, isFaucet, feeAccount, holdOf, move } from './entry.ts';
import { receiptOf } from './receipt.ts';
import { sampleCluster, sampleClusterRow, sampleEntry, sampleLeaseRow, sampleSupplier } from './sample-cluster.ts';

const now = sampleNow;
const available = availableOf(sampleAccount);
const balance = (id: string, amountMicro: bigint): BalanceRow => ({ kind: 'balance', id, currency: 'TUSD', amountMicro });
const balancesOf = (...rows: BalanceRow[]): Map<string, BalanceRow> => new Map(rows.map((row) => [row.id, row]));

const codeOf = (decision: Decision<unknown>): string => (decision.ok ? 'ok' : decision.rejection.code);

/** A ledger that keeps whatever a decision gives, as the store would. */
function book() {
  const balances = new Map<string, BalanceRow>();
  const entries: EntryRow[] = [];
  const keep = (rows: readonly Row[]): void => {
    for (const row of rows) {
      if (row.kind === 'balance') balances.set(row.id, row);
      if (row.kind === 'entry') entries.push(row);
    }
  };
  return {
    balances,
    entries,
    entryId: () => sampleEntry(entries.length),
    done<Value>(decision: Decision<Value>): Value {
      assert.ok(decision.ok);
      keep(decision.rows);
      return decision.value;
    },
    of: (id: string): bigint => balances.get(id)?.amountMicro ?? 0n,
  };
}

function rent(capMicro: bigint, feeBasisPoints: number) {
  const ledger = book();
  const cluster = sampleClusterRow({ capMicro, feeBasisPoints });
  const { balances } = ledger;
  ledger.done(
    faucet({
      account: sampleAccount,
      amountMicro: capMicro,
      drawnMicro: 0n,
      policy: { ...laptopPolicy, faucetMicro: capMicro.toString() },
      balances,
      now,
      entryId: ledger.entryId(),
    }),
  );
  ledger.done(placeHold({ cluster, amountMicro: cluster.capMicro, balances, at: now, id: ledger.entryId() }));
  return { ledger, cluster };
}

test('a movement that the renter cannot cover is rejected, with what there is and what is needed', () => {
  const short = placeHold({
    cluster: sampleClusterRow({ capMicro: 10n }),
    amountMicro: 10n,
    balances: balancesOf(balance(available, 9n)),
    at: now,
    id: sampleEntry(1),
  });
  assert.deepEqual(short, {
    ok: false,
    rejection: { code: 'balance.short', context: { hasMicro: '9', needsMicro: '10', currency: 'TUSD' } },
  });
});

test('lines that do not sum to zero, another currency, and a hold below zero are bugs', () => {
  const movement = {
    id: sampleEntry(1),
    at: now,
    entry: 'hold',
    currency: 'TUSD',
    account: sampleAccount,
    subject: sampleCluster,
  } as const;
  assert.throws(() => move({ ...movement, lines: [{ account: available, amountMicro: 1n }] }, new Map()), BrokenLaw);
  const out = [
    { account: holdOf(sampleCluster), amountMicro: -1n },
    { account: available, amountMicro: 1n },
  ];
  assert.throws(() => move({ ...movement, lines: out }, new Map()), BrokenLaw);
  const other = balancesOf({ ...balance(holdOf(sampleCluster), 5n), currency: 'USDC' });
  assert.throws(() => move({ ...movement, lines: out }, other), BrokenLaw);
});

test('an account in several lines is judged by their sum', () => {
  const lines = [-5n, -3n, 5n].map((amountMicro) => ({ account: available, amountMicro }));
  const moved = move(
    {
      id: sampleEntry(1),
      at: now,
      entry: 'hold',
      currency: 'TUSD',
      account: sampleAccount,
      subject: sampleCluster,
      lines: [...lines, { account: holdOf(sampleCluster), amountMicro: 3n }],
    },
    balancesOf(balance(available, 3n)),
  );
  assert.ok(moved.ok && moved.rows.some((row) => row.kind === 'balance' && row.id === available && row.amountMicro === 0n));
});

test('the faucet gives up to its limit in all, and nothing in a network of real money', () => {
  const draw = { account: sampleAccount, policy: laptopPolicy, balances: new Map(), now, entryId: sampleEntry(1) };
  assert.equal(codeOf(faucet({ ...draw, amountMicro: 1n, drawnMicro: 99_999_999n })), 'ok');
  assert.equal(codeOf(faucet({ ...draw, amountMicro: 2n, drawnMicro: 99_999_999n })), 'faucet.limit');
  assert.equal(codeOf(faucet({ ...draw, amountMicro: 0n, drawnMicro: 0n })), 'request.refused');
  assert.equal(codeOf(faucet({ ...draw, amountMicro: -1n, drawnMicro: 0n })), 'request.refused');
  assert.equal(
    codeOf(faucet({ ...draw, amountMicro: 1n, drawnMicro: 0n, policy: { ...laptopPolicy, currency: 'USDC' } })),
    'faucet.closed',
  );
});

test('an accrual never takes more than the hold has, and nothing due moves nothing', () => {
  const { ledger, cluster } = rent(100n, 200);
  const rich = sampleLeaseRow(1, { provenMs: 3_600_000, rateMicroPerHour: 101n });
  const paid = ledger.done(accrue({ lease: rich, cluster, balances: ledger.balances, now, entryId: ledger.entryId() }));
  assert.equal(paid.lease.paidMicro, 100n);
  assert.equal(ledger.of(holdOf(cluster.id)), 0n);
  const again = accrue({ ...paid, balances: ledger.balances, now, entryId: ledger.entryId() });
  assert.ok(again.ok && again.rows.length === 0);
});

test('fees are striped over eight accounts, and a lease always pays into the same one', () => {
  const leases = Array.from({ length: 32 }, (_, n) => makeId('lea', now, new Uint8Array(16).fill(n)));
  assert.equal(new Set(leases.map(feeAccount)).size, 8);
  assert.deepEqual(leases.map(feeAccount), leases.map(feeAccount));
});

const micro = (max: bigint) => fc.bigInt({ min: 0n, max });
const sequence = fc.record({
  capMicro: fc.bigInt({ min: 1n, max: 10n ** 9n }),
  feeBasisPoints: fc.nat(5_000),
  rates: fc.array(micro(10n ** 9n), { minLength: 1, maxLength: 4 }),
  steps: fc.array(fc.record({ lease: fc.nat(3), provenMs: fc.nat(60_000), accrues: fc.boolean() }), { maxLength: 60 }),
});

test('law: after any sequence entries sum to zero, no balance is below zero, and held = paid + refunded = what the receipt says', () => {
  fc.assert(
    fc.property(sequence, ({ capMicro, feeBasisPoints, rates, steps }) => {
      const { ledger, cluster: born } = rent(capMicro, feeBasisPoints);
      const { balances, entryId } = ledger;
      const leases = new Map<number, LeaseRow>(rates.map((rateMicroPerHour, n) => [n, sampleLeaseRow(n, { rateMicroPerHour })]));
      let cluster: ClusterRow = born;
      const pay = (n: number, lease: LeaseRow): void => {
        const paid = ledger.done(accrue({ lease, cluster, balances, now, entryId: entryId() }));
        leases.set(n, paid.lease);
        ({ cluster } = paid);
        assert.equal(cluster.heldMicro, cluster.paidMicro + cluster.refundedMicro + ledger.of(holdOf(cluster.id)));
      };
      for (const step of steps) {
        const lease = leases.get(step.lease);
        if (!lease) continue;
        const proven = { ...lease, provenMs: lease.provenMs + step.provenMs };
        if (step.accrues) pay(step.lease, proven);
        else leases.set(step.lease, proven);
      }
      for (const [n, lease] of leases) pay(n, lease);
      ({ cluster } = ledger.done(refundRest({ cluster, balances, now, entryId: entryId() })));
      const again = ledger.done(refundRest({ cluster, balances, now, entryId: entryId() }));
      assert.deepEqual(again.cluster, cluster);

      assert.ok(ledger.entries.every((entry) => entry.lines.reduce((sum, line) => sum + line.amountMicro, 0n) === 0n));
      assert.equal(
        [...balances.values()].reduce((sum, row) => sum + row.amountMicro, 0n),
        0n,
      );
      assert.ok([...balances.values()].every((row) => row.amountMicro >= 0n || isFaucet(row.id)));
      assert.equal(cluster.heldMicro, cluster.paidMicro + cluster.refundedMicro);
      assert.equal(ledger.of(earnedOf(sampleSupplier)), cluster.paidMicro - cluster.feeMicro);
      const total = rates.reduce((sum, rate, n) => sum + accrued(rate, leases.get(n)?.provenMs ?? 0), 0n);
      assert.equal(cluster.paidMicro, total < capMicro ? total : capMicro);
    }),
  );
});

test('law: paid and fee come to the same in many accruals as in one', () => {
  fc.assert(
    fc.property(
      micro(10n ** 9n),
      fc.nat(5_000),
      fc.array(fc.nat(60_000), { minLength: 1, maxLength: 60 }),
      (rateMicroPerHour, feeBasisPoints, parts) => {
        const totalMs = parts.reduce((sum, ms) => sum + ms, 0);
        const outcome = (increments: readonly number[]): bigint[] => {
          const { ledger, cluster: born } = rent(10n ** 12n, feeBasisPoints);
          let state = { lease: sampleLeaseRow(1, { rateMicroPerHour }), cluster: born };
          for (const ms of increments) {
            const lease = { ...state.lease, provenMs: state.lease.provenMs + ms };
            state = ledger.done(accrue({ lease, cluster: state.cluster, balances: ledger.balances, now, entryId: ledger.entryId() }));
          }
          return [
            state.lease.paidMicro,
            state.cluster.feeMicro,
            ledger.of(feeAccount(state.lease.id)),
            ledger.of(earnedOf(sampleSupplier)),
          ];
        };
        const once = outcome([totalMs]);
        assert.deepEqual(outcome(parts), once);
        const paid = accrued(rateMicroPerHour, totalMs);
        assert.deepEqual(once.slice(0, 2), [paid, (paid * BigInt(feeBasisPoints)) / 10_000n]);
      },
    ),
  );
});

test('a receipt adds up, counts minutes by verdict and basis, and refuses one that does not', () => {
  const lease = sampleLeaseRow(1, {
    provenMs: 60_000,
    unprovenMs: 30_000,
    minutesProven: 1,
    minutesUnproven: 1,
    paidMicro: 1_000n,
    endedAt: now + 90_000,
    endReason: 'renter',
  });
  const verdict = { kind: 'proven', basis: 'declared', grounds: [], method: 'schedstat', policy: 'p', decidedAt: now } as const;
  const minute = {
    kind: 'minute',
    id: 'm',
    lease: lease.id,
    k: 0,
    samples: [],
    pulses: [],
    absences: [],
    from: now,
    to: now + 60_000,
    verdict,
  } as const;
  const second = { ...minute, k: 1, from: now + 60_000, to: now + 90_000, verdict: { ...verdict, kind: 'unproven', basis: null } } as const;
  const cluster = sampleClusterRow({ paidMicro: 1_000n, refundedMicro: 999_000n, feeMicro: 20n, endReason: 'renter' });
  const rows = {
    cluster,
    leases: [lease],
    minutes: new Map([[lease.id, [minute, second]]]),
    entries: [],
    policyHash: 'p',
    notice: 'n',
    now,
  };
  const receipt = receiptOf(rows);
  assert.deepEqual(receipt.leases[0]?.minutes, { proven: 1, unproven: 1, violated: 0, byBasis: { declared: 1 } });
  assert.equal(receipt.leases[0]?.evidence, '0'.repeat(64));
  assert.equal(BigInt(receipt.heldMicro), BigInt(receipt.paidMicro) + BigInt(receipt.refundedMicro));
  assert.throws(() => receiptOf({ ...rows, cluster: { ...cluster, refundedMicro: 999_001n } }), BrokenLaw);
  assert.throws(() => receiptOf({ ...rows, leases: [{ ...lease, paidMicro: 999n }] }), BrokenLaw);
  assert.throws(() => receiptOf({ ...rows, leases: [{ ...lease, provenMs: 60_001 }] }), BrokenLaw);
});
