// What the verdicts of a lease would have been on a quiet host: decided again, from the minutes as control stored them, without others' load.
import assert from 'node:assert/strict';
import path from 'node:path';
import { readRows } from '@iog/control';
import { decideMinute } from '@iog/core';
import { laptopPolicy, type LeaseView } from '@iog/protocol';

/** The stored evidence gives the stored verdicts; with no busy time but the tenant's and our own, each of them is `proven`. */
export async function assertProvenWithoutLoad(home: string, { id, slice }: LeaseView): Promise<void> {
  const file = path.join(home, 'network/control/control.sqlite');
  const minutes = (await readRows({ kind: 'sqlite', path: file }, ['minute'])).filter(({ lease }) => lease === id);
  assert.ok(minutes.length > 0, `${id} has minutes`);
  const samples = minutes.flatMap((minute) => minute.samples);
  const quiet = samples.map((sample) => ({ ...sample, busyMs: sample.tenantMs + sample.ownMs }));
  for (const { from, to, k, pulses, absences, verdict } of minutes) {
    assert.ok(verdict, `minute ${k} of ${id} is decided`);
    const terms = { cores: slice.cores.length, policy: laptopPolicy, policyHash: verdict.policy };
    const minute = { from, to, k, pulses, absences, ...terms, now: verdict.decidedAt, windowFrom: to };
    assert.deepEqual(decideMinute({ ...minute, samples }), verdict, 'anyone comes to the same verdict');
    const without = decideMinute({ ...minute, samples: quiet });
    assert.equal(without?.kind, 'proven', JSON.stringify(without));
  }
}
