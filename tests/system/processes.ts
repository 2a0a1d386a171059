// The processes of a place as the kernel shows them: who they are, where they listen, and that none is left.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './rig.ts';

export interface Seen {
  readonly pid: number;
  readonly name: string;
  readonly command: string;
}

/** All processes whose command line or environment names the folder, but for this one. */
export function processesOf(dir: string): Seen[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      if (!command.includes(dir) && !read(`/proc/${name}/environ`).includes(dir)) return [];
      const state = /^State:\s+(\S)/m.exec(read(`/proc/${name}/status`))?.[1] ?? 'Z';
      return state === 'Z' ? [] : [{ pid: Number(name), name: read(`/proc/${name}/comm`).trim(), command }];
    });
}

/** The addresses, in the kernel's hexadecimal, on which these processes listen beyond loopback. */
export function openListeners(seen: readonly Seen[]): string[] {
  const listening = new Map(['tcp', 'tcp6'].flatMap((table) => listenersOf(table)));
  return seen.flatMap(({ pid, name }) =>
    socketsOf(pid).flatMap((inode) => {
      const address = listening.get(inode);
      return address === undefined || isLoopback(address) ? [] : [`${name} (${pid}) on ${address}`];
    }),
  );
}

/** Nothing of the place runs within the time, and of the nodes' folders none is left. */
export async function assertNothingLeft(dir: string, withinMs: number): Promise<void> {
  await until(
    'every process to be gone',
    withinMs,
    () => processesOf(dir).length === 0,
    () =>
      processesOf(dir)
        .map(({ pid, command }) => `${pid} ${command.slice(0, 160)}`)
        .join('\n'),
  );
  const folders = (): string[] => fs.readdirSync(dir).filter((name) => name.startsWith('iog-'));
  await until(
    "the nodes' folders to be gone",
    5_000,
    () => folders().length === 0,
    () => folders().join(', '),
  );
}

/** After a test: whatever still lives in the place dies, and its folder goes. The product's own leaving is asserted before. */
export async function clear(dir: string, { keepFiles = false } = {}): Promise<void> {
  for (let round = 0; round < 50 && processesOf(dir).length > 0; round += 1) {
    for (const { pid } of processesOf(dir)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    await sleep(100);
  }
  if (!keepFiles) fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function listenersOf(table: string): [string, string][] {
  const lines = read(`/proc/net/${table}`).split('\n').slice(1);
  return lines.flatMap((line): [string, string][] => {
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    const inode = fields[9];
    return state === '0A' && local !== undefined && inode !== undefined ? [[inode, local]] : [];
  });
}

/** 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6. */
function isLoopback(address: string): boolean {
  const host = address.split(':')[0] ?? '';
  if (host.length === 8) return host.endsWith('7F');
  return host === '00000000000000000000000001000000' || (host.startsWith('0000000000000000FFFF0000') && host.endsWith('7F'));
}

function socketsOf(pid: number): string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(path.join(`/proc/${pid}/fd`, fd)))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
