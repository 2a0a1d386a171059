// A run: a network under load, a blow a round, and after each the questions: is anything lost, is a law broken, does all come to rest.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Broken, checkLaws } from '@iog/control';
import type { IogClient } from '@iog/client';
import { hashApiSecret } from '@iog/seal';
import { strike } from './blows.ts';
import { openJournal, type Journal } from './journal.ts';
import { type Load, startLoad } from './load.ts';
import { newMemory, type Memory } from './memory.ts';
import { type Account, type CrashNetwork, newAccount } from './network.ts';
import { type Blow, nameOf, planRounds } from './plan.ts';
import { brokenPromises, brokenReplays } from './promises.ts';
import { type Dice, dice } from './random.ts';
import { comeToEnd, comeToRest } from './rest.ts';
import { renter, type Renter } from './renter.ts';
import { supplier } from './supplier.ts';
import type { Tally } from './tally.ts';

const renters = 3;
const faucetMicro = '100000000';
const oldReplaysPerRound = 5;
const endAllEveryRounds = 10;

export interface RunWish {
  readonly rounds: number;
  readonly seed: number;
  readonly restWithinMs: number;
  readonly jobLines: number;
  readonly say: (line: string) => void;
}

/** What went wrong, with all that is needed to look into it. */
export class Failure extends Error {
  readonly broken: readonly Broken[];
  constructor(round: number, blow: string, broken: readonly Broken[]) {
    super(`round ${round} (${blow}): ${broken.length} findings`);
    this.broken = broken;
  }
}

interface Running {
  readonly network: CrashNetwork;
  readonly journal: Journal;
  readonly memory: Memory;
  readonly load: Load;
  readonly renters: readonly Renter[];
  readonly clientOf: (account: string) => IogClient;
  readonly owner: IogClient;
  readonly supply: ReturnType<typeof supplier>;
  readonly dice: Dice;
  replayed: number;
}

/** Runs all rounds on a network that is up. Throws Failure at the first round that finds anything. */
export async function runRounds(network: CrashNetwork, wish: RunWish, tally: Tally): Promise<void> {
  const roller = dice(wish.seed);
  const plan = planRounds(wish.rounds, { workers: network.devices.length, hasServer: network.server !== undefined }, roller);
  const running = await prepare(network, wish, roller);
  tally.journal = running.journal;
  try {
    for (const [i, blow] of plan.entries()) {
      const startedMs = performance.now();
      const at = await oneRound(running, i + 1, blow, wish, tally);
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      wish.say(`round ${i + 1}/${wish.rounds}: ${blow.victim} ${at}, ${running.journal.entries.length} acknowledged, ${seconds} s`);
    }
    await lastRound(running, wish);
    tally.receipts = running.memory.receipts();
  } finally {
    await running.load.end();
  }
}

async function prepare(network: CrashNetwork, wish: RunWish, roller: Dice): Promise<Running> {
  const journal = openJournal(path.join(network.dir, 'journal.jsonl'));
  const owner = network.client(network.owner);
  const recordingOwner = journal.recording(owner, network.owner.name);
  const accounts: Account[] = await Promise.all(Array.from({ length: renters }, (_, i) => newAccount(`renter-${i + 1}`)));
  const plain = new Map([[network.owner.name, owner]]);
  const all: Renter[] = [];
  for (const account of accounts) {
    const { name, recipient } = account;
    const key = { name: 'first', hash: hashApiSecret(account.key), scopes: ['read', 'rent'] as ('read' | 'rent')[] };
    await recordingOwner.call('account.create', { body: { name, recipient, key } });
    const client = network.client(account);
    plain.set(name, client);
    const recording = journal.recording(client, name);
    await recording.call('faucet.draw', { body: { amountMicro: faucetMicro } });
    all.push(renter(account, recording, roller.fork(), { lines: wish.jobLines }));
  }
  const supply = supplier(
    recordingOwner,
    network.devices.map(({ id }) => id),
    roller.fork(),
  );
  const clientOf = (account: string): IogClient => plain.get(account) ?? owner;
  const load = startLoad([...all, supply], roller.fork());
  await comeToRest(network, owner, wish.restWithinMs);
  return { network, journal, memory: newMemory(), load, renters: all, clientOf, owner, supply, dice: roller, replayed: 0 };
}

async function oneRound(running: Running, round: number, blow: Blow, wish: RunWish, tally: Tally): Promise<string> {
  const { network, load, owner, dice: roller } = running;
  const marks: number[] = [performance.now()];
  const mark = (): void => void marks.push(performance.now());
  load.go();
  const { at, torn } = await strike(network, blow, roller, sleep);
  tally.count(blow, at, torn);
  mark();
  await sleep(roller.below(300));
  await network.revive();
  mark();
  await load.rest();
  mark();
  let broken: Broken[];
  try {
    await comeToRest(network, owner, wish.restWithinMs);
    if (round % endAllEveryRounds === 0) await endAll(running, wish);
    mark();
    broken = await findings(running);
    mark();
  } catch (error) {
    broken = [
      { law: 'everything comes to rest', subject: nameOf(blow), detail: String(error) },
      ...(await findings(running).catch(() => [])),
    ];
  }
  if (broken.length > 0) throw new Failure(round, nameOf(blow), broken);
  const seconds = marks.slice(1).map((ms, i) => ((ms - (marks[i] ?? 0)) / 1_000).toFixed(1));
  return `${at}${torn ? ', tail torn' : ''} (struck, revived, paused, at rest, checked in ${seconds.join(' + ')} s)`;
}

async function endAll({ renters: all, network, supply }: Running, wish: RunWish): Promise<void> {
  await supply.resumeAll();
  for (const each of all) await each.endAll();
  await comeToEnd(network, wish.restWithinMs);
}

async function lastRound(running: Running, wish: RunWish): Promise<void> {
  await running.load.end();
  let broken: Broken[] = [];
  try {
    await endAll(running, wish);
  } catch (error) {
    broken = [{ law: 'every cluster ends', subject: 'the end', detail: String(error) }];
  }
  running.replayed = 0;
  broken.push(...(await findings(running)));
  if (broken.length > 0) throw new Failure(wish.rounds, 'the end', broken);
}

async function findings(running: Running): Promise<Broken[]> {
  const { network, journal, memory, load, dice: roller } = running;
  const { entries } = journal;
  const old = Array.from({ length: oldReplaysPerRound }, () => roller.pick(entries.slice(0, running.replayed))).filter(
    (entry) => entry !== undefined,
  );
  const replays = await brokenReplays([...old, ...entries.slice(running.replayed)], running.clientOf);
  running.replayed = entries.length;
  const rows = await network.rows();
  const broken = [
    ...load.faults.map((detail) => ({ law: 'nothing is refused without a reason', subject: 'the load', detail })),
    ...checkLaws(rows),
    ...brokenPromises(journal, rows, path.join(network.dir, 'control/blobs')),
    ...replays,
  ];
  for (const each of running.renters) broken.push(...(await memory.look(each, () => network.rows('cluster'))));
  return broken;
}
