// What the worker reads of its host: the boot it is in, how busy its cores are, its own processes' time, and the work that proves its capacity.
import { readFileSync } from 'node:fs';
import { answerCapacity } from './capacity.ts';
import { coreCounters, type CoreCounters } from './evidence/counters.ts';
import { ownCpu } from './evidence/own-cpu.ts';
import type { CapacityQuestion } from './session/session.ts';

export interface Host {
  readonly bootId: string;
  readonly counters: CoreCounters;
  /** CPU milliseconds of our own processes so far, without the trees of these pids. */
  ownMs(tenants: ReadonlySet<number>): number;
  /** The digests that a capacity demand asks for. Rejects once its time is over, or `signal` fires. */
  work(question: CapacityQuestion, signal: AbortSignal): Promise<readonly string[]>;
}

/** `rootPid`: the root of all our own processes on this host. */
export function realHost(rootPid: number): Host {
  const own = ownCpu(rootPid);
  return {
    bootId: bootId(),
    counters: coreCounters(),
    ownMs: (tenants) => own.ms(tenants),
    work: (question, signal) => answerCapacity(question, AbortSignal.any([signal, AbortSignal.timeout(question.withinMs)])),
  };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 64);
  } catch {
    return 'unknown';
  }
}
