// A renter of the load: quotes, rents, uploads, submits, reads, stops and ends, as the dice fall.
import { randomBytes } from 'node:crypto';
import { ApiError, type IogClient, askQuote, isOver, rentCluster, submitJob, uploadPackage } from '@iog/client';
import type { ClusterView, Demand, JobId } from '@iog/protocol';
import type { Actor } from './load.ts';
import type { Account } from './network.ts';
import type { Dice } from './random.ts';

const mostClusters = 2;
const mostJobs = 6;
const bytesPerNode = 500_000_000;
/** Little more than the minute that a cap must cover at least: a cluster that is left alone ends by it. */
const lowCapMicro = '1600';

interface Held {
  readonly cluster: Pick<ClusterView, 'id' | 'recipient'>;
  readonly jobs: JobId[];
}

export interface Renter extends Actor {
  readonly account: Account;
  readonly client: IogClient;
  /** Asks that all its clusters end. */
  endAll(): Promise<void>;
}

/** Lines of a job's log, and how the job ends: read back by whoever checks it. */
function jobScript(name: string, lines: number, exitCode: number): string {
  return `i=0; while [ $i -lt ${lines} ]; do echo ${name} line $i; i=$((i+1)); sleep 0.05; done; (exit ${exitCode})`;
}
export function jobLog(name: string, lines: number): string {
  return Array.from({ length: lines }, (_, i) => `${name} line ${i}\n`).join('');
}

export function renter(account: Account, client: IogClient, dice: Dice, withJobs: { readonly lines: number }): Renter {
  return new LoadRenter(account, client, dice, withJobs.lines);
}

class LoadRenter implements Renter {
  readonly account: Account;
  readonly client: IogClient;
  readonly #dice: Dice;
  readonly #mostLines: number;
  #held: Held[] = [];
  #count = 0;

  constructor(account: Account, client: IogClient, dice: Dice, mostLines: number) {
    this.account = account;
    this.client = client;
    this.#dice = dice;
    this.#mostLines = mostLines;
  }

  get name(): string {
    return this.account.name;
  }

  async step(): Promise<void> {
    try {
      await this.#wish();
    } catch (error) {
      // A cluster that ended meanwhile takes no further wishes.
      if (error instanceof ApiError && error.problem.code === 'cluster.state') await this.#look();
      throw error;
    }
  }

  async endAll(): Promise<void> {
    for (const each of this.#held) await this.#end(each);
  }

  async #wish(): Promise<void> {
    const one = this.#dice.pick(this.#held);
    const wish = this.#dice.below(100);
    if (one === undefined || (this.#held.length < mostClusters && wish < 30)) return this.#rent();
    if (wish < 65) return this.#submit(one);
    if (wish < 75) return this.#look();
    if (wish < 80) return this.#stop(one);
    if (wish < 90) return this.#end(one);
    await this.client.call('cluster.show', { params: { cluster: one.cluster.id } });
  }

  async #rent(): Promise<void> {
    const nodes = this.#dice.chance(35) ? 2 : 1;
    const demand: Demand = {
      nodes,
      coresPerNode: 1,
      memoryBytesPerNode: bytesPerNode,
      durationMs: 3_600_000,
      ...(nodes === 1 && this.#dice.chance(15) ? { capMicro: lowCapMicro } : {}),
    };
    const quote = await askQuote(this.client, demand);
    if ('nothingFits' in quote) return;
    const name = `${this.name}-${++this.#count}`;
    const { cluster } = await rentCluster(this.client, { name, quote, renterRecipient: this.account.recipient });
    this.#held.push({ cluster, jobs: [] });
  }

  async #submit({ cluster, jobs }: Held): Promise<void> {
    if (jobs.length >= mostJobs) return;
    const dice = this.#dice;
    const blob = dice.chance(40) ? await uploadPackage(this.client, cluster, randomBytes(dice.between(10, 50_000))) : undefined;
    const lines = dice.between(1, this.#mostLines);
    const name = `j${cluster.id.slice(-6)}-${jobs.length}-${lines}`;
    const job = await submitJob(this.client, cluster, {
      name,
      entrypoint: jobScript(name, lines, dice.chance(20) ? 3 : 0),
      retries: dice.below(3),
      ...(blob === undefined ? {} : { package: blob }),
    });
    jobs.push(job.id);
  }

  async #stop({ jobs }: Held): Promise<void> {
    const job = this.#dice.pick(jobs);
    if (job === undefined || isOver(await this.client.call('job.show', { params: { job } }))) return;
    await this.client.call('job.stop', { params: { job }, body: {} });
  }

  async #end({ cluster }: Held): Promise<void> {
    await this.client.call('cluster.end', { params: { cluster: cluster.id }, body: {} });
    this.#held = this.#held.filter((each) => each.cluster.id !== cluster.id);
  }

  /** What has ended by itself is let go. */
  async #look(): Promise<void> {
    const views = await this.client.items('cluster.list', {});
    this.#held = this.#held.filter(({ cluster }) => views.find(({ id }) => id === cluster.id)?.state !== 'ended');
    await this.client.call('balance.show', {});
  }
}
