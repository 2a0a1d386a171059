// The control that the bench `overload` loads: the product's own, with a policy that lets one key ask without end.
import { laptopPolicy } from '@iog/protocol';
import { startControl } from '@iog/control';

const [dir = '', keyHash = '', recipient = ''] = process.argv.slice(2);
const policy = { ...laptopPolicy, faucetMicro: '1000000000000', limits: { ...laptopPolicy.limits, requestsPerMinute: 1e9 } };
const control = await startControl({
  dir,
  host: '127.0.0.1',
  port: 0,
  name: 'bench',
  policy,
  firstAccount: { name: 'bench', keyHash, recipient },
  log: () => undefined,
});
process.once('SIGTERM', () => void control.stop().then(() => process.exit(0)));
console.log(control.url);
