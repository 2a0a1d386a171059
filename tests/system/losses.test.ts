// What a renter gets and pays on a quiet host, when nodes freeze, and when two are lost at once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { iogClient, type IogClient } from '@iog/client';
import { laptopPolicy, type ClusterId, type ClusterView, type LeaseView, type Receipt } from '@iog/protocol';
import { freeze, processesBelow, thaw } from './freezing.ts';
import { loadMeter } from './host-load.ts';
import { assertNothingLeft, clear, processesOf } from './processes.ts';
import { assertAddsUp } from './receipt-checks.ts';
import { iogJson, makePlace, until, up, type Up } from './rig.ts';
import { assertProvenWithoutLoad } from './without-load.ts';

const place = makePlace();
const provenAfterMs = 12_000;
let live: Up;
let client: IogClient;
let cluster: ClusterId;

before(async () => {
  live = await up(place);
  const { key } = JSON.parse(fs.readFileSync(path.join(place.home, 'profile.json'), 'utf8')) as { key: string };
  client = iogClient({ url: live.url, key, patienceMs: 20_000 });
});
after(async () => {
  client?.close();
  await clear(place.dir);
});

test('the time of a lease on a quiet host is proven, and on a loud one nothing but the load speaks against it', async (t) => {
  const loads: string[] = [];
  for (let lease = 1; lease <= 3; lease += 1) {
    const { leases } = await rent(['--nodes', '1']);
    const meter = loadMeter(place.dir);
    await until('ten seconds of evidence', 60_000, () => Date.now() - (leases[0]?.startedAt ?? Infinity) > provenAfterMs);
    const foreignCores = meter.foreignCores();
    await client.call('cluster.end', { params: { cluster }, body: {} });
    const { verdicts } = only((await assertSettled('renter')).leases);
    assertLoadAlone(verdicts);
    await assertProvenWithoutLoad(place.home, only(leases));
    if (verdicts.every(({ verdict }) => verdict === 'proven')) return;
    // Less than the policy's share of one core over the whole host: the lease's own core had no more than that.
    assert.ok(foreignCores > 0.4, `others used ${foreignCores.toFixed(2)} cores, and yet: ${JSON.stringify(verdicts)}`);
    loads.push(foreignCores.toFixed(2));
  }
  t.diagnostic(`this host was never quiet enough: others used ${loads.join(', ')} cores`);
});

test("a member's frozen raylet: its lease ends, another takes its place, and waking it does no harm", async () => {
  await rent();
  await survivesFreezing((member) => processesOfNode(member).filter(({ name }) => name === 'raylet'));
});

test('a member frozen whole: its lease ends, another takes its place, and waking it does no harm', async () => {
  await survivesFreezing((member) => [...processesOfNode(member), initOf(member)]);
});

test('both nodes are lost at once: the cluster forms anew on both', async () => {
  const { incarnation } = await show();
  for (const { pid } of processesOf(place.dir).filter(({ name }) => name === 'raylet')) process.kill(pid, 'SIGKILL');
  await untilWhole('both nodes to be new', ({ incarnation: now }) => now === incarnation + 1);
});

test("a member and the head's worker are lost at once: the head is kept, the member replaced", async () => {
  const earlier = await show();
  const head = earlier.leases.find(({ id }) => id === earlier.head);
  assert.ok(head);
  const member = await theMember();
  const worker = processesOf(place.dir).find(({ command }) => command.includes(`--supervised --dir ${workerOf(head)}`));
  assert.ok(worker);
  for (const { pid } of [worker, ...processesOfNode(member).filter(({ name }) => name === 'raylet')]) process.kill(pid, 'SIGKILL');
  const now = await untilWhole('the member to be replaced', ({ leases }) => active(leases).every(({ id }) => id !== member.id));
  assert.equal(now.head, head.id, 'the head was taken up again');
});

test('the receipt after these losses adds up, and nothing stays held or runs', async () => {
  await client.call('cluster.end', { params: { cluster }, body: {} });
  await assertSettled('renter');
  live.running.kill('SIGTERM');
  assert.equal((await live.running.ended).code, 0);
  await assertNothingLeft(place.dir, 30_000);
});

function only<T>(list: readonly T[]): T {
  const [one] = list;
  assert.ok(one !== undefined && list.length === 1, `${list.length} instead of one`);
  return one;
}

/** No verdict fails for anything but others' load, and for that only with a figure above the policy's. */
function assertLoadAlone(verdicts: Receipt['leases'][number]['verdicts']): void {
  const said = JSON.stringify(verdicts);
  for (const { verdict, grounds } of verdicts) {
    const failing = grounds.filter(({ code }) => !['chain.whole', 'closing.missing', 'pulse.none-sent'].includes(code));
    if (verdict === 'proven') assert.equal(failing.length, 0, said);
    else
      assert.deepEqual(
        failing.map(({ code }) => code),
        ['foreign.share'],
        said,
      );
    for (const { numbers } of failing) assert.ok((numbers['permille'] ?? 0) > laptopPolicy.evidence.foreignShareMaxPermille, said);
  }
}

const show = (): Promise<ClusterView> => client.call('cluster.show', { params: { cluster } });
const active = (leases: readonly LeaseView[]): LeaseView[] => leases.filter(({ state }) => state === 'active');

async function rent(words: readonly string[] = []): Promise<ClusterView> {
  ({ id: cluster } = await iogJson<ClusterView>(place, ['cluster', 'create', ...words]));
  return untilWhole('the cluster to run', () => true);
}

async function theMember(): Promise<LeaseView> {
  const { leases, head } = await show();
  const member = active(leases).find(({ id }) => id !== head);
  assert.ok(member, 'a member');
  return member;
}

async function untilWhole(what: string, isSo: (view: ClusterView) => boolean): Promise<ClusterView> {
  let last = '';
  return until(
    what,
    75_000,
    async () => {
      const view = await show();
      const leases = view.leases.map(({ id, state, step, detail }) => [id, state, step, detail]);
      last = JSON.stringify({ state: view.state, reason: view.endReason, waitsFor: view.waitsFor, leases });
      assert.ok(view.state !== 'ended', last);
      return view.state === 'running' && active(view.leases).length === view.demand.nodes && isSo(view) && view;
    },
    () => last,
  );
}

async function survivesFreezing(choose: (member: LeaseView) => readonly { readonly pid: number }[]): Promise<void> {
  const member = await theMember();
  const frozenAt = Date.now();
  const frozen = freeze(choose(member).map(({ pid }) => pid));
  await untilWhole('the frozen member to be replaced', ({ leases }) => active(leases).every(({ id }) => id !== member.id));
  thaw(frozen);
  const view = await untilWhole('the cluster to be whole still', () => true);
  const lost = view.leases.find(({ id }) => id === member.id);
  assert.ok((lost?.endedAt ?? Infinity) - frozenAt < 90_000, 'a frozen node is not paid for long');
  await until('nothing of the frozen node to be left', 45_000, () =>
    frozen.every((pid) => !processesOf(place.dir).some((seen) => seen.pid === pid)),
  );
}

async function assertSettled(reason: string): Promise<Receipt> {
  await until('the cluster to end', 60_000, async () => (await show()).state === 'ended');
  assert.equal((await show()).endReason, reason);
  const receipt = await client.call('receipt.show', { params: { cluster } });
  assertAddsUp(receipt);
  assert.equal((await client.call('balance.show', {})).heldMicro, '0');
  return receipt;
}

function recordOf(lease: LeaseView): { file: string; tempDir: string } {
  const [file] = fs.globSync(`${place.home}/network/worker-*/nodes/${lease.id}.json`);
  assert.ok(file, `a node of ${lease.id}`);
  return { file, tempDir: (JSON.parse(fs.readFileSync(file, 'utf8')) as { tempDir: string }).tempDir };
}
const workerOf = (lease: LeaseView): string => path.dirname(path.dirname(recordOf(lease).file));

function initOf(lease: LeaseView): { readonly pid: number } {
  const { tempDir } = recordOf(lease);
  const init = processesOf(tempDir).find(({ command }) => command.includes('node_init.py') && !command.includes('unshare'));
  assert.ok(init, 'the first process of the node');
  return init;
}

const processesOfNode = (lease: LeaseView): { pid: number; name: string }[] => processesBelow(initOf(lease).pid);
