// Carries out a fault of the plan on the network, and takes it back when its time is over.
import type { SimControl } from '../actors/control.ts';
import type { SimDevice } from '../actors/device.ts';
import { type Weather, fair, worse } from '../engine/weather.ts';
import type { CrashPoint } from '../engine/proc.ts';
import type { Network } from '../network.ts';
import type { Fault, FaultKind } from './plan.ts';
import { hostileTexts } from './hostile.ts';

const workerCalls = ['disk.append', 'disk.replace', 'disk', 'runtime.start', 'runtime', 'ray', ''];
const controlCalls = ['store.commit', 'store.load', 'store.query', 'store'];
/** A process that died comes back after this long, or so. */
const restartMs = 4_000;

export class Faults {
  readonly #network: Network;
  readonly #weather = new Map<Fault, { readonly place: string; readonly weather: Partial<Weather> }>();
  /** What is on and has to be taken back. */
  readonly #undo = new Map<Fault, () => void>();

  constructor(network: Network) {
    this.#network = network;
    network.net.weatherOf = (place) => this.#weatherOf(place);
  }

  schedule(faults: readonly Fault[]): void {
    const { world } = this.#network;
    for (const fault of faults) {
      world.after(fault.atMs, undefined, `fault ${fault.kind}`, () => {
        const undo = this.#begin(fault);
        if (undo === undefined) return;
        this.#network.coverage.fault(fault.kind);
        world.tell(`fault #${fault.id} ${fault.kind} begins`);
        this.#undo.set(fault, undo);
        world.after(fault.forMs, undefined, `fault ends`, () => this.#end(fault));
      });
    }
  }

  /** Everything is mended: what is on ends, who is down comes back. */
  stop(): void {
    for (const fault of this.#undo.keys()) this.#end(fault);
    this.#weather.clear();
    const { controls, devices, storeFaults } = this.#network;
    Object.assign(storeFaults, { refuse: 0, loseReply: 0, slowMs: 0, isFull: false });
    for (const control of controls) {
      control.proc.crashPoint = undefined;
      control.proc.frozenUntilMs = 0;
      if (!control.proc.isAlive) this.#network.startControl(control);
    }
    for (const device of devices) {
      device.proc.crashPoint = undefined;
      device.proc.frozenUntilMs = 0;
      device.disk.isFull = false;
      Object.assign(device.host.faults, { foreign: 0, failStarts: 0, slowStartMs: 0, isLying: false });
      if (!device.proc.isAlive && !device.isClone) device.plugIn();
      if (device.isClone) device.unplug();
    }
  }

  #end(fault: Fault): void {
    const undo = this.#undo.get(fault);
    this.#undo.delete(fault);
    this.#weather.delete(fault);
    undo?.();
  }

  #weatherOf(place: string): Weather {
    let weather = fair;
    for (const each of this.#weather.values()) if (each.place === place || each.place === '') weather = worse(weather, each.weather);
    return weather;
  }

  /** Starts it; gives back how it is taken back, or undefined where there is nothing to do it to. */
  #begin(fault: Fault): (() => void) | undefined {
    const { devices, controls } = this.#network;
    const device = devices[Math.floor(fault.target * devices.length)];
    const control = controls[Math.floor(fault.target * controls.length)];
    if (control === undefined) return undefined;
    const ofDevice = device && !device.isUnplugged ? onDevice[fault.kind]?.(this.#network, device, fault) : undefined;
    if (ofDevice) return ofDevice;
    const ofControl = onControl[fault.kind]?.(this.#network, control, fault);
    if (ofControl) return ofControl;
    return this.#blows(fault, device);
  }

  #blows(fault: Fault, device: SimDevice | undefined): (() => void) | undefined {
    const { kind, strength, target } = fault;
    const place = device?.proc.name ?? '';
    const blows = (weather: Partial<Weather>, where = place): (() => void) => {
      this.#weather.set(fault, { place: where, weather });
      return () => undefined;
    };
    if (kind === 'weather')
      return blows({ loss: strength * 0.2, twice: strength * 0.2, late: strength * 0.5, lateMs: 20_000 }, target < 0.7 ? '' : place);
    if (kind === 'partition') return blows({ isCutUp: strength < 0.7, isCutDown: strength > 0.3 });
    if (kind === 'half-open') return blows(strength < 0.5 ? { isCutUp: true } : { isCutDown: true });
    return undefined;
  }
}

type OnDevice = (network: Network, device: SimDevice, fault: Fault) => () => void;
type OnControl = (network: Network, control: SimControl, fault: Fault) => () => void;

const startsAgain = (network: Network, device: SimDevice): (() => void) => {
  return () => {
    if (!device.proc.isAlive && !device.isUnplugged) device.start();
  };
};

const crashPoint = (when: CrashPoint['when'], call: string, skip: number, dies: () => void): CrashPoint => ({ when, call, skip, dies });

const onDevice: Partial<Record<FaultKind, OnDevice>> = {
  cut: (network, { proc }) => {
    network.net.links.get(proc.name)?.cut();
    return () => undefined;
  },
  'kill worker': (network, device, { strength }) => {
    network.killDevice(device);
    // Within the keeper's grace, or long after it.
    network.world.after(strength < 0.6 ? restartMs : restartMs * 20, undefined, 'restart', startsAgain(network, device));
    return startsAgain(network, device);
  },
  'freeze worker': (network, { proc }, { forMs }) => {
    proc.frozenUntilMs = network.world.now + forMs;
    return () => undefined;
  },
  'crash worker at a port': (network, device, { strength, target }) => {
    const call = workerCalls[Math.floor(strength * workerCalls.length)] ?? '';
    const dies = (): void => {
      network.killDevice(device);
      network.world.after(restartMs, undefined, 'restart', startsAgain(network, device));
    };
    device.proc.crashPoint = crashPoint((target * 1_000) % 1 < 0.5 ? 'before' : 'after', call, Math.floor(strength * 20), dies);
    return () => {
      device.proc.crashPoint = undefined;
      startsAgain(network, device)();
    };
  },
  'torn spool': (network, device, { strength }) => {
    const dies = (): void => {
      network.killDevice(device);
      network.world.after(restartMs, undefined, 'restart', startsAgain(network, device));
    };
    device.proc.crashPoint = crashPoint('amid', 'disk.append', Math.floor(strength * 8), dies);
    return () => {
      device.proc.crashPoint = undefined;
      startsAgain(network, device)();
    };
  },
  'disk full': (_, { disk }) => {
    disk.isFull = true;
    return () => {
      disk.isFull = false;
    };
  },
  'clock of a device jumps': (_, { proc }, { strength }) => {
    proc.skewMs += Math.round((strength - 0.5) * 7_200_000);
    return () => {
      proc.skewMs = 0;
    };
  },
  'node dies': (_, { host }) => {
    for (const node of host.nodes.values()) host.end(node, 'killed by somebody');
    return () => undefined;
  },
  'nodes start badly': (_, { host }, { strength }) => {
    host.faults.failStarts = strength < 0.5 ? 2 : 0;
    host.faults.slowStartMs = strength < 0.5 ? 0 : Math.round(strength * 400_000);
    return () => Object.assign(host.faults, { failStarts: 0, slowStartMs: 0 });
  },
  'foreign load': (_, { host }, { strength }) => {
    host.foreign(strength);
    return () => host.foreign(0);
  },
  'capacity lies': (_, { host }) => {
    host.faults.isLying = true;
    return () => {
      host.faults.isLying = false;
    };
  },
  'hostile link': (network, device, fault) => {
    const { proc } = device;
    device.hasLied = true;
    const link = network.net.links.get(proc.name);
    if (link !== undefined) for (const text of hostileTexts(network, device, link.said, fault)) link.say(text);
    return () => undefined;
  },
  'cloned disk': (network, device, { id, forMs }) => {
    const { keys, host, disk } = device;
    const clone = network.cloneOf(device, `${device.proc.name}-clone-${id}`, { keys, id: device.id, disk: disk.clone() }, host.cores);
    clone.start();
    network.world.after(forMs, undefined, 'unplug', () => clone.unplug());
    return () => clone.unplug();
  },
};

const comesBack = (network: Network, control: SimControl): (() => void) => {
  return () => {
    if (!control.proc.isAlive) network.startControl(control);
  };
};

const onControl: Partial<Record<FaultKind, OnControl>> = {
  'kill control': (network, control, { strength }) => {
    network.killControl(control);
    network.world.after(restartMs * (strength < 0.8 ? 1 : 60), undefined, 'restart', comesBack(network, control));
    return comesBack(network, control);
  },
  'freeze control': (network, { proc }, { forMs }) => {
    proc.frozenUntilMs = network.world.now + Math.min(forMs, 100_000);
    return () => undefined;
  },
  'crash control at a port': (network, control, { strength, target }) => {
    const call = controlCalls[Math.floor(strength * controlCalls.length)] ?? '';
    const dies = (): void => {
      network.killControl(control);
      network.world.after(restartMs, undefined, 'restart', comesBack(network, control));
    };
    control.proc.crashPoint = crashPoint(target < 0.5 ? 'before' : 'after', call, Math.floor(strength * 50), dies);
    return () => {
      control.proc.crashPoint = undefined;
      comesBack(network, control)();
    };
  },
  'clock of control jumps': (_, { proc }, { strength }) => {
    proc.skewMs += Math.round((strength - 0.5) * 600_000);
    return () => {
      proc.skewMs = 0;
    };
  },
  'store refuses': ({ storeFaults }, _, { strength }) => {
    storeFaults.refuse = strength * 0.3;
    return () => {
      storeFaults.refuse = 0;
    };
  },
  'store loses replies': ({ storeFaults }, _, { strength }) => {
    storeFaults.loseReply = strength * 0.3;
    return () => {
      storeFaults.loseReply = 0;
    };
  },
  'store full': ({ storeFaults }) => {
    storeFaults.isFull = true;
    return () => {
      storeFaults.isFull = false;
    };
  },
  'slow store': ({ storeFaults }, _, { strength }) => {
    storeFaults.slowMs = Math.round(strength * 2_000);
    return () => {
      storeFaults.slowMs = 0;
    };
  },
};
