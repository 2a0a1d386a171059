// The books add up: opening and movements are the closing, which is the next opening, and the last closing is what the balances say.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AccountId, type EntryId, type StatementView, makeId } from '@iog/protocol';
import { type BalanceRow, type EntryRow, type Row, availableOf, earnedOf, faucetOf, feeAccount, holdOf, move } from '@iog/core';
import { randomBytes } from '@iog/seal';
import { unitNow, unitRig } from '../test/unit-ports.ts';
import { entryPage } from './entries.ts';
import { statementShown } from './statements.ts';

const dayMs = 24 * 3_600_000;
const id = <P extends 'acc' | 'clu' | 'lea'>(prefix: P, n: number) => makeId(prefix, unitNow, new Uint8Array(16).fill(n));
const [renter, supplier, cluster, lease] = [id('acc', 1), id('acc', 2), id('clu', 3), id('lea', 4)];

interface Book {
  readonly balances: Map<string, BalanceRow>;
  readonly rows: Row[];
  at: number;
}

/** A random life of a renter, who may be its own supplier too: draws, holds, accruals, refunds, one after the other. */
function live(book: Book, steps: number, gapMs: () => number): void {
  for (let i = 0; i < steps; i++) {
    book.at += gapMs();
    const amount = BigInt(1 + Math.floor(Math.random() * 1_000));
    const earner = Math.random() < 0.3 ? renter : supplier;
    const has = (account: string): boolean => (book.balances.get(account)?.amountMicro ?? 0n) >= amount;
    const kinds = {
      faucet: [faucetOf(renter), availableOf(renter)],
      hold: [availableOf(renter), holdOf(cluster)],
      accrual: [holdOf(cluster), earnedOf(earner)],
      refund: [holdOf(cluster), availableOf(renter)],
    } as const;
    const [entry, [from, to]] = Object.entries(kinds)[Math.floor(Math.random() * 4)] as [EntryRow['entry'], readonly [string, string]];
    if (entry !== 'faucet' && !has(from)) continue;
    const fee = entry === 'accrual' ? amount / 50n : 0n;
    const lines = [
      { account: from, amountMicro: -amount },
      { account: to, amountMicro: amount - fee },
      { account: feeAccount(lease), amountMicro: fee },
    ];
    const entryId: EntryId = makeId('ent', book.at, randomBytes(16));
    const moved = move({ id: entryId, at: book.at, entry, currency: 'TUSD', account: renter, subject: cluster, lines }, book.balances);
    assert.ok(moved.ok);
    for (const row of moved.rows) {
      if (row.kind === 'balance') book.balances.set(row.id, row);
      else book.rows.push(row);
    }
  }
}

async function shown(rig: ReturnType<typeof unitRig>, account: AccountId, month: string): Promise<StatementView> {
  const outcome = await statementShown(rig.ports, account, month);
  assert.ok(outcome.ok);
  return outcome.answer;
}

async function addsUp(
  rig: ReturnType<typeof unitRig>,
  account: AccountId,
  months: readonly string[],
  balances: Book['balances'],
): Promise<void> {
  let last: bigint[] = [0n, 0n, 0n];
  for (const month of months) {
    const told = await shown(rig, account, month);
    assert.deepEqual(micro(told.opening), last, `the opening of ${month}`);
    const sum = told.movements.map(micro).reduce((a, b) => a.map((each, i) => each + (b[i] ?? 0n)), last);
    assert.deepEqual(micro(told.closing), sum, `the closing of ${month}`);
    last = sum;
  }
  const balance = (name: string): bigint => balances.get(name)?.amountMicro ?? 0n;
  const held = account === renter ? balance(holdOf(cluster)) : 0n;
  assert.deepEqual(last, [balance(availableOf(account)), held, balance(earnedOf(account))], `the last closing of ${account}`);
}

async function settled(t: TestContext) {
  const rig = unitRig(t);
  const book: Book = { balances: new Map(), rows: [], at: unitNow };
  const put = async (): Promise<void> => {
    await rig.put(...book.rows.splice(0));
    rig.pass(book.at - rig.ports.clock.now() + 1);
  };
  return { rig, book, put };
}

test('statements add up month by month, and to the balances, also when asked in between and again', async (t) => {
  const { rig, book, put } = await settled(t);
  live(book, 800, () => Math.random() * 0.2 * dayMs);
  await put();
  const months = [
    ...new Set([unitNow, book.at].flatMap((at) => [at, at + 31 * dayMs]).map((at) => new Date(at).toISOString().slice(0, 7))),
  ];
  const all = (): string[] => monthsTo(new Date(rig.ports.clock.now()).toISOString().slice(0, 7));
  assert.ok(months.length > 2);
  for (const account of [renter, supplier]) await addsUp(rig, account, all(), book.balances);
  // The month that runs goes on; what was kept of it is gone on from.
  live(book, 1_600, () => 30_000);
  await put();
  for (const account of [renter, supplier]) await addsUp(rig, account, all(), book.balances);
  rig.pass(40 * dayMs);
  for (const account of [renter, supplier]) await addsUp(rig, account, all(), book.balances);
  for (const account of [renter, supplier]) await addsUp(rig, account, all(), book.balances);
  const first = await shown(rig, renter, all()[0] ?? '');
  assert.equal(first.isWhole, true);
});

test('a month to come has no statement; one before the first entry is empty', async (t) => {
  const { rig } = await settled(t);
  const ahead = await statementShown(rig.ports, renter, '2099-01');
  assert.ok(!ahead.ok && ahead.rejection.code === 'request.refused');
  assert.deepEqual((await shown(rig, renter, '2020-01')).movements, []);
});

test('entries by filter, page after page, are those of the book', async (t) => {
  const { rig, book, put } = await settled(t);
  live(book, 400, () => 3_600_000);
  const rows = book.rows.map((row) => row as EntryRow).toReversed();
  await put();
  const [from, to] = [unitNow + 5 * dayMs, unitNow + 12 * dayMs];
  const isEarned = (row: EntryRow): boolean => row.lines.some(({ account }) => account === earnedOf(supplier));
  const cases = [
    [renter, {}, rows],
    [renter, { kind: 'hold' }, rows.filter(({ entry }) => entry === 'hold')],
    [renter, { from, to }, rows.filter(({ at }) => at >= from && at < to)],
    [renter, { subject: cluster, kind: 'refund', from }, rows.filter(({ at, entry }) => at >= from && entry === 'refund')],
    [supplier, { side: 'earned' }, rows.filter(isEarned)],
    [supplier, { side: 'earned', subject: cluster, to }, rows.filter((row) => isEarned(row) && row.at < to)],
    [supplier, {}, []],
    [supplier, { subject: cluster }, []],
  ] as const;
  for (const [account, asked, wanted] of cases) {
    const found: string[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const page = await entryPage(rig.ports.store, account, { ...asked, limit: 7, ...(after === undefined ? {} : { after }) });
      assert.ok(page.items.length <= 7);
      found.push(...page.items.map((item) => item.id));
      after = page.next;
    }
    assert.deepEqual(
      found,
      wanted.map((row) => row.id),
      JSON.stringify(asked),
    );
  }
});

function monthsTo(last: string): string[] {
  const months: string[] = [];
  for (let at = new Date(unitNow); months.at(-1) !== last; at.setUTCMonth(at.getUTCMonth() + 1, 1))
    months.push(at.toISOString().slice(0, 7));
  return months;
}

function micro({ availableMicro, heldMicro, earnedMicro }: StatementView['opening']): bigint[] {
  return [availableMicro, heldMicro, earnedMicro].map(BigInt);
}
