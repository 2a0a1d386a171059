import { replaceModules } from './hooks.ts';
replaceModules();
const { runSeed } = await import('./run.ts');
const r = await runSeed({ seed: Number(process.argv[2]), devices: 10, renters: 4, controls: 1, hours: 6 });
console.log(r.broken);
const rows = r.network.court.rows;
for (const id of r.broken?.ids ?? []) {
  const c = rows.get('cluster', id) as any;
  if (c) {
    console.log({
      state: c.state,
      endsAt: c.endsAt - 1.8e12,
      cap: c.capMicro,
      dem: c.demand,
      reason: c.endReason,
      repl: c.replacements,
      wf: c.waitsFor,
    });
    for (const l of c.leases) {
      const x = rows.get('lease', l)!;
      console.log(
        x.id,
        x.state,
        x.step,
        x.startedAt! - 1.8e12,
        x.endedAt,
        x.nextMinute,
        x.provenMs,
        x.unprovenMs,
        x.chain?.at! - 1.8e12,
        x.stopped,
      );
    }
  }
}
const dev = r.network.devices.map((d) => [d.proc.name, d.id, d.proc.isAlive, d.refused, d.isClone]);
console.log(dev.map((d) => d.join(' ')).join('\n'));
const st = r.network.world.story(['control-1 starts', 'control-1 dies', 'control-1 is open', 'fault', 'control-1 says loop'], 60);
for (const h of st) console.log(h.at - 1.8e12, h.what.slice(0, 160));
const L = (globalThis as any).__loops;
console.log(L.length);
for (const n of ['cluster', 'minute', 'housekeeping']) console.log(n, JSON.stringify(L.filter((x: any) => x[0] === n).slice(-4)));
