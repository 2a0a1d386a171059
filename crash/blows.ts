// Carrying out a blow: kill -9 of whatever the plan names, from outside, or by itself at a named point.
import fs from 'node:fs';
import path from 'node:path';
import { processesOf } from '../tests/system/processes.ts';
import { isAlive } from './light/process.ts';
import { nodesIn } from './light/runtime.ts';
import type { Child } from './child.ts';
import type { CrashNetwork, Device } from './network.ts';
import type { Blow } from './plan.ts';
import type { Dice } from './random.ts';
import { addTornWrite, cutUnsynced } from './torn-tail.ts';

const atMoment = { from: 50, to: 600 };
/** A point that the load does not reach in this time is no death of the product's making: the process is killed as it is. */
const reachWithinMs = 6_000;

export interface Struck {
  /** Where it died, in the table's words. */
  readonly at: string;
  readonly torn: boolean;
}

export async function strike(network: CrashNetwork, blow: Blow, dice: Dice, pause: (ms: number) => Promise<unknown>): Promise<Struck> {
  if ('point' in blow) return strikeAtPoint(network, blow, dice);
  await pause(dice.between(atMoment.from, atMoment.to));
  switch (blow.victim) {
    case 'control':
      await controlOf(network, dice).kill();
      return { at: 'at random', torn: false };
    case 'server':
      await network.server?.kill();
      return { at: 'at random', torn: false };
    case 'all':
      await Promise.all([
        network.server?.kill(),
        ...network.controls.map((each) => each.kill()),
        ...network.devices.map(({ child }) => child.kill()),
      ]);
      return { at: 'at random', torn: network.devices.filter(({ dir }) => dice.chance(50) && addTornWrite(dir, dice)).length > 0 };
    case 'worker': {
      const { child, dir } = deviceOf(network, blow.which);
      await child.kill();
      return { at: 'at random', torn: dice.chance(50) && addTornWrite(dir, dice) };
    }
    case 'node':
      return { at: killNode(network, blow.which, dice) ? 'at random' : 'none ran', torn: false };
    default:
      return blow satisfies never;
  }
}

async function strikeAtPoint(network: CrashNetwork, blow: Extract<Blow, { point: string }>, dice: Dice): Promise<Struck> {
  const device = blow.victim === 'worker' ? deviceOf(network, blow.which) : undefined;
  const child = device?.child ?? controlOf(network, dice);
  child.arm({ point: blow.point, times: blow.times });
  const reached = await child.diesWithin(reachWithinMs);
  await child.kill();
  if (!reached) return { at: `${blow.point} (not reached)`, torn: false };
  // What was appended and not synced may be gone with the power; nothing else may.
  const torn = device !== undefined && blow.point === 'spool.before-sync' && dice.chance(70) && cutUnsynced(device.dir, dice);
  return { at: blow.point, torn };
}

function killNode(network: CrashNetwork, which: number, dice: Dice): boolean {
  for (let i = 0; i < network.devices.length; i++) {
    const { dir } = deviceOf(network, which + i);
    const light = nodesIn(path.join(dir, 'light-nodes')).filter(isAlive);
    const ray = fs.existsSync(path.join(dir, 'nodes')) ? processesOf(dir).filter(({ name }) => name === 'raylet') : [];
    const node = dice.pick<{ readonly pid: number }>([...light, ...ray]);
    if (node === undefined) continue;
    try {
      process.kill(node.pid, 'SIGKILL');
      return true;
    } catch {
      // It has just ended by itself.
    }
  }
  return false;
}

function controlOf({ controls }: CrashNetwork, dice: Dice): Child {
  const control = dice.pick(controls);
  if (control === undefined) throw new Error('a network without control');
  return control;
}

function deviceOf({ devices }: CrashNetwork, which: number): Device {
  const device = devices[which % devices.length];
  if (device === undefined) throw new Error('a network without devices');
  return device;
}
