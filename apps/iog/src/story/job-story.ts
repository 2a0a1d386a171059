// The thread of one rented job: quote, form, upload, submit, follow, end, receipt. `iog start` and `iog run` tell it with phases.
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

/** Rents and waits until every node has joined, telling each node's steps. `rentedAs` hears the id as soon as money is held. */
export async function formPhases(
  ports: StoryPorts,
  name: string,
  quote: Quote,
  rentedAs: (cluster: ClusterId) => void = () => undefined,
): Promise<ClusterView> {
  const { client, profile, phases, signal } = ports;
  const told = new Map<string, string>();
  const cluster = await phases.run('cluster forming', async (waiting) => {
    const rented = await rentCluster(client, {
      name,
      quote,
      renterRecipient: profile.ageRecipient,
      ...(profile.network === '' ? {} : { networkPublicKey: profile.network }),
    });
    rentedAs(rented.cluster.id);
    return untilCluster(ports, rented.cluster.id, told, waiting, (view) => view.leases.length > 0 && view.leases.every(isStarted));
  });
  await phases.run('head ready', (waiting) => untilCluster(ports, cluster.id, told, waiting, isHeadReady));
  signal.throwIfAborted();
  return phases.run('members joined', (waiting) =>
    untilCluster(
      ports,
      cluster.id,
      told,
      waiting,
      ({ state, leases }) => state === 'running' && leases.every(({ step, state: life }) => step === 'ready' || life === 'settled'),
    ),
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
  id: ClusterId,
  told: Map<string, string>,
  waiting: (what: string) => void,
  isDone: (cluster: ClusterView) => boolean,
): Promise<ClusterView> {
  for (;;) {
    signal.throwIfAborted();
    const view = await client.call('cluster.show', { params: { cluster: id } });
    for (const { id: lease, deviceName, role, step, detail } of view.leases) {
      const now = `  ${deviceName} (${role}): ${step}`;
      if (told.get(lease) !== now) say(detail === '' ? now : `${now}, ${detail}`);
      told.set(lease, now);
    }
    if (view.state === 'ending' || view.state === 'ended') {
      throw new UserError(
        `The cluster ended (${view.endReason ?? 'no reason given'}) before it was ready.`,
        `See \`iog cluster show ${id}\` and \`iog receipt ${id}\`.`,
      );
    }
    if (isDone(view)) return view;
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
  readonly zip: Uint8Array;
  readonly entrypoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly retries?: number;
}

/** Seals, uploads and submits. */
export async function submitPhases({ client, phases }: StoryPorts, cluster: ClusterView, plan: JobPlan): Promise<JobView> {
  const blob = await phases.run('upload', () => uploadPackage(client, cluster, plan.zip));
  const { name, entrypoint, env, retries } = plan;
  return phases.run('job submitted', () =>
    submitJob(client, cluster, {
      name,
      entrypoint,
      env,
      package: blob,
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
