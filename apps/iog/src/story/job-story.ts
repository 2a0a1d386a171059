// The thread of one rented job: quote, rent, upload, submit, form, follow, end, receipt. `iog start` and `iog run` tell it with phases.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, askQuote, followLog, isOver, rentCluster, submitJob, uploadPackage, type IogClient } from '@iog/client';
import type { ClusterId, ClusterView, Demand, JobId, JobView, LeaseView, Quote, Receipt } from '@iog/protocol';
import { UserError } from '../failure.ts';
import type { Profile } from '../profile.ts';
import { money, waitReason } from '../terminal/format.ts';
import type { Phases } from './phases.ts';

export interface StoryPorts {
  readonly client: IogClient;
  readonly profile: Profile;
  readonly phases: Phases;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const pollMs = 250;

/** The quote; UserError when nothing fits. */
export function quotePhase({ client, phases, say }: StoryPorts, demand: Demand): Promise<Quote> {
  return phases.run('quote', async () => {
    const quote = await askQuote(client, demand);
    if ('nothingFits' in quote)
      throw new UserError(`Nothing on offer fits: ${quote.nothingFits}.`, 'Loosen that filter; `iog offers` shows what there is.');
    say(
      `  ${quote.nodes.map(({ name }) => name).join(' + ')}: ${money(quote.rateMicroPerHour, quote.currency)} an hour, at most ${money(quote.capMicro, quote.currency)}`,
    );
    say(`  ${quote.notice}`);
    return quote;
  });
}

/** Rents the quote: from here on money is held. */
export function rentPhase({ client, profile, phases }: StoryPorts, name: string, quote: Quote): Promise<ClusterView> {
  return phases.run('cluster rented', async () => {
    const { cluster } = await rentCluster(client, {
      name,
      quote,
      renterRecipient: profile.ageRecipient,
      ...(profile.network === '' ? {} : { networkPublicKey: profile.network }),
    });
    return cluster;
  });
}

/** Waits until every node has joined, telling each node's steps; or until `job`, which may need no more than the head, is over. */
export async function formPhases(ports: StoryPorts, cluster: ClusterId, job: JobId): Promise<void> {
  const { phases } = ports;
  const told = new Map<string, string>();
  const until = (name: string, isDone: (view: ClusterView) => boolean): Promise<void> =>
    phases.run(name, (waiting) => untilCluster(ports, { cluster, job }, told, waiting, isDone));
  await until('cluster forming', ({ leases }) => leases.length > 0 && leases.every(isStarted));
  await until('head ready', isHeadReady);
  await until(
    'members joined',
    ({ state, leases }) => state === 'running' && leases.every(({ step, state: life }) => step === 'ready' || life === 'settled'),
  );
}

function isStarted({ step }: LeaseView): boolean {
  return step !== 'assigned' && step !== 'preparing' && step !== 'prepared';
}

function isHeadReady({ head, leases }: ClusterView): boolean {
  return leases.some(({ id, step }) => id === head && step === 'ready');
}

async function untilCluster(
  { client, say, signal }: StoryPorts,
  { cluster: id, job }: { readonly cluster: ClusterId; readonly job: JobId },
  told: Map<string, string>,
  waiting: (what: string) => void,
  isDone: (cluster: ClusterView) => boolean,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const view = await client.call('cluster.show', { params: { cluster: id } });
    for (const { id: lease, deviceName, role, step, detail } of view.leases) {
      const now = `  ${deviceName} (${role}): ${step}`;
      if (told.get(lease) !== now) say(detail === '' ? now : `${now}, ${detail}`);
      told.set(lease, now);
    }
    if (isDone(view)) return;
    const now = await client.call('job.show', { params: { job } });
    if (now.state === 'succeeded' || now.state === 'failed') return;
    if (view.state === 'ending' || view.state === 'ended') {
      throw new UserError(
        `The cluster ended (${view.endReason ?? 'no reason given'}) before it was ready.`,
        `See \`iog cluster show ${id}\` and \`iog receipt ${id}\`.`,
      );
    }
    if (isOver(now)) return;
    waiting(
      waitReason(view.waitsFor) ||
        view.leases
          .filter(({ step }) => step !== 'ready')
          .map(({ deviceName, step }) => `${deviceName} (${step})`)
          .join(', '),
    );
    await sleep(pollMs, undefined, { signal });
  }
}

export interface JobPlan {
  readonly name: string;
  /** From `packFolder`, made before anything is rented: what is wrong with a folder should cost nothing. */
  readonly zip: Uint8Array | undefined;
  readonly entrypoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly retries?: number;
}

/** Seals, uploads and submits: while the cluster still forms, so that its head finds the job when it is up. */
export async function submitPhases({ client, phases }: StoryPorts, cluster: ClusterView, plan: JobPlan): Promise<JobView> {
  const { name, zip, entrypoint, env, retries } = plan;
  const blob = zip === undefined ? undefined : await phases.run('upload', () => uploadPackage(client, cluster, zip));
  return phases.run('job submitted', () =>
    submitJob(client, cluster, {
      name,
      entrypoint,
      env,
      ...(blob === undefined ? {} : { package: blob }),
      ...(retries === undefined ? {} : { retries }),
    }),
  );
}

/** The job's own output, live, through to its end; gives the job as it ended, and its whole log. */
export function followPhase(
  { client, profile, phases, signal }: StoryPorts,
  id: JobId,
  out: (bytes: Uint8Array) => void,
): Promise<{ job: JobView; log: string }> {
  return phases.run('job', async (waiting) => {
    const pieces: Uint8Array[] = [];
    waiting('its first output');
    for await (const piece of followLog(client, id, profile.ageIdentity, { signal })) {
      pieces.push(piece);
      out(piece);
      waiting('more of its output');
    }
    signal.throwIfAborted();
    let job = await client.call('job.show', { params: { job: id } });
    while (!isOver(job)) {
      await sleep(pollMs, undefined, { signal });
      job = await client.call('job.show', { params: { job: id } });
    }
    return { job, log: Buffer.concat(pieces).toString('utf8') };
  });
}

/** Ends the cluster and waits until every lease is settled. */
export function endPhase(ports: StoryPorts, id: ClusterId): Promise<ClusterView> {
  const { client, phases, signal } = ports;
  return phases.run('end', async (waiting) => {
    await endCluster(client, id);
    for (;;) {
      const view = await client.call('cluster.show', { params: { cluster: id } });
      if (view.state === 'ended' && view.leases.every(({ state }) => state === 'settled')) return view;
      waiting(waitReason(view.waitsFor) || 'its nodes to stop and its minutes to be decided');
      await sleep(pollMs, undefined, { signal });
    }
  });
}

/** Ends a cluster; one that has ended meanwhile is no error. */
export async function endCluster(client: IogClient, cluster: ClusterId): Promise<void> {
  try {
    await client.call('cluster.end', { params: { cluster }, body: {} });
  } catch (error) {
    if (!(error instanceof ApiError && error.problem.code === 'cluster.state')) throw error;
  }
}

/** The receipt, as soon as it is issued. */
export function receiptPhase({ client, phases, signal }: StoryPorts, cluster: ClusterId): Promise<Receipt> {
  return phases.run('receipt', async (waiting) => {
    for (;;) {
      try {
        return await client.call('receipt.show', { params: { cluster } });
      } catch (error) {
        if (!(error instanceof ApiError && error.problem.code === 'receipt.open')) throw error;
      }
      waiting('its leases to be settled');
      await sleep(pollMs, undefined, { signal });
    }
  });
}
