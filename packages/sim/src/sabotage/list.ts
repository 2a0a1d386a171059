// Single wrongs, each in real code. The laws must catch every one of them; one that survives is a missing law or a missing fault.
import type { Edit } from '../hooks.ts';

export interface Sabotage {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** It must be caught within so many seeds. */
  readonly within: number;
}

/** In `file`, `find` stands exactly once, and becomes `put`. */
const wrong = (within: number, name: string, file: string, find: string, put: string): Sabotage => ({
  name,
  within,
  edits: [{ file, find, put }],
});

const core = 'packages/core/src/';
const control = 'packages/control/src/';
const worker = 'packages/worker/src/';

export const sabotages: readonly Sabotage[] = [
  wrong(8, 'a hold is not checked against the balance', `${core}ledger/entry.ts`, 'if (left < 0n && !isFaucet(account)) {', 'if (false) {'),
  wrong(
    4,
    'an accrual pays a unit that nobody is charged for',
    `${core}ledger/cluster-money.ts`,
    'amountMicro: amount - fee },',
    'amountMicro: amount - fee + 1n },',
  ),
  wrong(8, 'a minute is accrued twice', `${core}ledger/cluster-money.ts`, 'lease.provenMs) - lease.paidMicro;', 'lease.provenMs);'),
  wrong(8, 'an unproven minute is paid', `${core}timelock/minute.ts`, 'lease.provenMs + (isProven ? ms : 0)', 'lease.provenMs + ms'),
  wrong(
    4,
    'a refund keeps a unit back',
    `${core}ledger/cluster-money.ts`,
    'account: availableOf(cluster.account), amountMicro: rest }',
    'account: availableOf(cluster.account), amountMicro: rest - 1n }',
  ),
  wrong(8, 'a balance is written beside its entry', `${core}ledger/entry.ts`, 'amountMicro: left });', 'amountMicro: left + 1n });'),
  wrong(
    8,
    'a slice is taken without looking at what is free',
    `${core}fleet/units.ts`,
    'if (!isWithin(slice, freeUnits(device))) return',
    'if (false) return',
  ),
  wrong(
    4,
    'units are given back when a lease ends, not when it has stopped',
    `${control}fleet/observe.ts`,
    'const freed = next.stopped &&',
    "const freed = next.state !== 'reserved' && next.state !== 'active' &&",
  ),
  wrong(
    16,
    'a device may speak of the lease of another',
    `${control}fleet/observe.ts`,
    'if (!lease || lease.device !== deviceId) return',
    'if (!lease) return',
  ),
  wrong(
    4,
    'a commit is acknowledged before it is durable',
    `${control}store/sqlite/open.ts`,
    'queue.push({ commit, resolve, reject });',
    'queue.push({ commit, resolve, reject });\n    resolve({ ok: true });',
  ),
  wrong(8, 'a stale version is written over', `${control}store/sqlite/write.ts`, 'if (stale.length > 0) return', 'if (false) return'),
  wrong(
    24,
    'a loop runs when it is woken, and not by its clock',
    `${control}loop.ts`,
    'else timer = clock.after(Math.max(1, allDueAt - clock.now()), look);',
    'else timer = undefined;',
  ),
  wrong(
    16,
    'the reply to a request is not kept',
    `${control}command.ts`,
    'const before = replyId === undefined ? undefined',
    'const before = true ? undefined',
  ),
  wrong(16, 'another body under one key gets the old answer', `${control}command.ts`, 'before.requestHash !== requestHash', 'false'),
  wrong(
    8,
    'evidence is acknowledged before it is committed',
    `${control}fleet/take-message.ts`,
    'const upTo = await takeEvidence(',
    "const last = JSON.parse(Buffer.from(message.snapshots.at(-1)!.bytes, 'base64url').toString());\n      send(session.link, { type: 'acknowledged', lease: message.lease, segment: last.segment, index: last.index });\n        const upTo = await takeEvidence(",
  ),
  wrong(
    4,
    'a receipt says another sum',
    `${core}ledger/receipt.ts`,
    'paidMicro: cluster.paidMicro.toString(),',
    'paidMicro: (cluster.paidMicro + 1n).toString(),',
  ),
  wrong(
    4,
    'a cluster ends when one of its leases has',
    `${core}cluster/step.ts`,
    "before.leases.every((lease) => lease.state === 'settled')",
    "before.leases.some((lease) => lease.state === 'settled')",
  ),
  wrong(
    8,
    'a node that has failed is started again',
    `${worker}lease/lease-node.ts`,
    "if (this.#record.stopped || this.#step === 'failed' || (this.#record.begun && this.#node === undefined)) return;",
    "if (this.#step === 'failed') this.#step = 'assigned';",
  ),
  wrong(4, 'a worker goes on with what is assigned no longer', `${worker}reconcile.ts`, 'if (!wanted.has(lease)) node.want(null);', ''),
  wrong(
    8,
    "control's own downtime counts as a device's silence",
    `${core}replica/presence.ts`,
    'if (!last) return watch.since;',
    'if (!last) return 0;',
  ),
  wrong(8, 'a missed pulse does not matter', `${core}timelock/decide-minute.ts`, "  'pulse.missed',\n", ''),
  wrong(8, 'a hole in the chain does not matter', `${core}timelock/decide-minute.ts`, "  'chain.gap',\n  'chain.missing',\n", ''),
  wrong(
    16,
    'a revoked key still opens',
    `${core}identity/identity.ts`,
    "if (key.revokedAt !== null) return { code: 'key.revoked', context: {} };",
    '',
  ),
  wrong(
    16,
    'a key opens what it was not made for',
    `${core}identity/identity.ts`,
    'if (!key.scopes.includes(scope)) return',
    'if (false) return',
  ),
  wrong(
    16,
    "another's cluster is shown",
    `${control}own-rows.ts`,
    'return row?.account === accountOf(call) ? row : undefined;',
    'return row;',
  ),
  wrong(
    8,
    'an altered quote is taken',
    `${control}cluster/create-handler.ts`,
    "verify(ports.key.publicKey, 'quote', canonical(body), signature)",
    'true',
  ),
  wrong(8, 'capacity is believed without the work', `${core}fleet/capacity.ts`, 'if (!digestsOk) return', 'if (false) return'),
  wrong(
    8,
    'what is spooled is sent before it is on disk',
    `${worker}evidence/spool.ts`,
    'disk.append(file.path, line);',
    'queueMicrotask(() => { try { disk.append(file.path, line); } catch {} });',
  ),
  // What the simulated network found in this code once, and is to find again.
  wrong(
    48,
    'a full disk under the record of a log ends the worker',
    `${worker}job/job-log.ts`,
    `      } catch (error) {
        log({ level: 'warn', event: 'job.log-waits', job, error: saying(error) });
        await pause(clock, retryMs, signal);
      }
    }
  }

  async #put`,
    `      } finally {
        await pause(clock, 0, signal);
      }
    }
  }

  async #put`,
  ),
  wrong(
    16,
    'a timer that comes before its time ends a loop',
    `${control}loop.ts`,
    'if (isDue()) running = run();',
    'running = isDue() ? run() : Promise.resolve();\n    if (isDue()) return;',
  ),
  wrong(
    8,
    'a hole that began long before a minute does not count in it',
    `${core}timelock/coverage.ts`,
    'before?.at ?? Math.min(from, heldFrom)',
    'before?.at ?? from',
  ),
  wrong(
    4,
    'who is removed keeps the keys',
    `${core}identity/team.ts`,
    '...keys.flatMap((key) => rowsOf(revokeKey(key, now)))], found.value',
    '], found.value',
  ),
  wrong(
    4,
    'the last owner leaves',
    `${core}identity/team.ts`,
    "return role === 'owner' && !membersOf",
    "return role === 'viewer' && !membersOf",
  ),
  wrong(4, 'an invitation opens twice', `${core}identity/invitation.ts`, 'if (invitation.used !== null) return', 'if (false) return'),
  wrong(4, 'a member invites', `${core}identity/team.ts`, "return member.role === 'owner' ? undefined", 'return member ? undefined'),
  wrong(
    8,
    'an extension holds more than it moves',
    `${core}cluster/extend.ts`,
    'cluster.heldMicro + addedMicro,',
    'cluster.heldMicro + addedMicro + 1n,',
  ),
  wrong(8, 'an extension is not spent by its key', `${core}cluster/extend.ts`, 'key.spentMicro + addedMicro }', 'key.spentMicro }'),
  wrong(32, 'a lost node comes back in the shape of the first', `${core}placement/place.ts`, '[terms.group];', '[0];'),
];
