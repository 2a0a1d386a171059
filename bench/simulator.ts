// Device-hours that the simulated network lives through in a second of one core, faults included.
import { swarm } from '@iog/sim';
import { type Bench, lineOf } from './line.ts';

const sizes = [
  { devices: 10, renters: 2, hours: 6 },
  { devices: 50, renters: 6, hours: 2 },
  { devices: 5_000, renters: 20, hours: 0.1 },
] as const;
const hourMs = 3_600_000;

export const simulatorBench: Bench = {
  name: 'simulator',
  async run({ runs, say }) {
    const lines = [];
    for (const { devices, renters, hours } of sizes) {
      const seeds = Array.from({ length: runs }, (_, i) => i + 1);
      const reports = await swarm({ options: { devices, renters, hours, controls: 1 }, seeds, processes: 1, heard: () => false });
      const perSecond = reports.map(({ simulatedMs, cpuMs }) => ((simulatedMs / hourMs) * devices) / (cpuMs / 1_000));
      for (const { seed, broken } of reports) if (broken) throw new Error(`seed ${seed} broke a law: ${broken.law}`);
      say(`${devices} devices: ${perSecond.map((each) => each.toFixed(1)).join(', ')} device-hours a second of one core`);
      lines.push(lineOf(`simulator, device-hours a core-second, ${devices} devices`, '/s', perSecond));
    }
    return { lines };
  },
};
