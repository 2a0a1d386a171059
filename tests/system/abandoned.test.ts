// Every process of the network dies at once, as when the machine runs out of memory: its Ray nodes do not outlive it by more than their grace.
import { test } from 'node:test';
import { assertNothingLeft, clear, processesOf } from './processes.ts';
import { iogJson, makePlace, until, up } from './rig.ts';

test('nodes whose supervisor, control and workers are all killed end by themselves', async (t) => {
  const place = makePlace();
  t.after(() => clear(place.dir));
  await up(place);
  await iogJson(place, ['cluster', 'create', '--nodes', '1']);
  await until('a raylet', 60_000, () => processesOf(place.dir).some(({ name }) => name === 'raylet'));
  for (const { pid, command } of processesOf(place.dir)) if (command.includes('main.ts')) process.kill(pid, 'SIGKILL');
  await assertNothingLeft(place.dir, 40_000);
});
