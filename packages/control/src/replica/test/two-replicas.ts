// Two control processes over one PostgreSQL database, each with a directory of its own and one network key.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Policy } from '@iog/protocol';
import type { Row, RowMap } from '@iog/core';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { readRows } from '../../store/read-rows.ts';
import type { TestServer } from '../../store/postgres/test/server.ts';
import { type Rig, quickPolicy, remoteRig } from '../../test/rig.ts';
import type { ProcessSettings } from './control-process.ts';

export interface ReplicaProcess {
  readonly rig: Rig;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
}
export interface TwoReplicas {
  readonly a: ReplicaProcess;
  readonly b: ReplicaProcess;
  /** All rows of one moment, or those of some kinds. */
  rows<K extends Row['kind']>(this: void, ...kinds: readonly K[]): Promise<RowMap[K][]>;
}

export async function twoReplicas(t: TestContext, server: TestServer, schema: string, changes: Partial<Policy> = {}): Promise<TwoReplicas> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-replicas-'));
  const secret = makeApiSecret(randomBytes(32));
  const { recipient } = await generateAgeIdentity();
  const policy = { ...quickPolicy, ...changes };
  const url = server.url(schema);
  const children: ChildProcess[] = [];
  const start = async (name: string): Promise<ReplicaProcess> => {
    const home = path.join(dir, name);
    const firstAccount = { name: 'first', keyHash: hashApiSecret(secret), recipient };
    const shared = { store: { kind: 'postgres', url }, host: '127.0.0.1', port: 0, name: 'two', policy, firstAccount } as const;
    const settings: ProcessSettings = { ...shared, dir: home, blobs: path.join(dir, 'blobs') };
    const child = fork(path.join(import.meta.dirname, 'control-process.ts'), [JSON.stringify(settings)], {
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    children.push(child);
    const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [{}])])) as [{ url?: string }];
    if (said.url === undefined) throw new Error(`the control ${name} did not start`);
    return {
      rig: remoteRig(said.url, secret, policy),
      signal: (signal) => void child.kill(signal),
      kill: () => ended(child),
    };
  };
  const a = await start('a');
  fs.mkdirSync(path.join(dir, 'b'), { mode: 0o700 });
  fs.copyFileSync(path.join(dir, 'a/network.key'), path.join(dir, 'b/network.key'));
  const b = await start('b');
  t.after(async () => {
    await Promise.all(children.map(ended));
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    a,
    b,
    rows: (...kinds) => readRows({ kind: 'postgres', url }, kinds.length === 0 ? undefined : kinds),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
