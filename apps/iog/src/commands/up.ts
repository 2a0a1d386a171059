// iog up: a whole network on this machine, until it is told to end.
import path from 'node:path';
import { type Command, takesNothing } from '../command.ts';
import { startNetwork } from '../network/network.ts';
import { untilToldToEnd } from '../network/serving.ts';
import { storeOption, storeUrl } from '../network/store-choice.ts';
import { phases } from '../story/phases.ts';

export const networkOptions = {
  dir: { type: 'string', value: '<folder>', help: "Where the network's data lies (default <home>/network)" },
  devices: { type: 'string', value: '<n>', help: 'How many devices this machine becomes; fixed at the first start (default 2)' },
  port: {
    type: 'string',
    value: '<n>',
    help: 'Port on 127.0.0.1 (default: the one used before, else a free one); a network that runs already keeps its own',
  },
  store: storeOption,
} as const;

export const upCommand: Command = {
  ...takesNothing,
  name: 'up',
  summary: 'Run a whole network on this machine: control and workers',
  options: networkOptions,
  examples: ['iog up', 'iog up --devices 4 --port 8790', 'IOG_HOME=/tmp/trial iog up'],
  async run({ given, environment, terminal }) {
    const say = (line: string): void => terminal.say(line);
    const store = storeUrl(given, environment);
    const { told, release } = untilToldToEnd(false);
    const halt = new AbortController();
    void told.then(() => halt.abort());
    const shown = phases(say);
    const dir = given.text('dir') ?? path.join(environment.home, 'network');
    const [devices, port] = [given.count('devices', { max: 16 }), given.count('port', { max: 65_535 })];
    try {
      const network = await shown.run('network up', () =>
        startNetwork({ home: environment.home, dir, devices, port, store, env: environment.all, say }),
      );
      try {
        const admitted = await shown.run('workers admitted', (waiting) => network.admitDevices(waiting, halt.signal));
        terminal.result(
          { url: network.url, home: environment.home, devices: admitted.map(({ id }) => id) },
          `The network is up at ${network.url}. Try in another terminal: iog offers`,
        );
        terminal.say('Ctrl-C ends it.');
        await told;
      } catch (error) {
        if (!halt.signal.aborted) throw error;
      } finally {
        terminal.say('stopping workers and control');
        await network.stop();
      }
    } finally {
      release();
    }
    return 0;
  },
};
