// The network's own signing key and the secret of its pulses: made once, kept with mode 0600 in the directory of each replica. The store
// knows whose it is.
import fs from 'node:fs';
import path from 'node:path';
import { fromHex, generateSigningKey, randomBytes, sign, toHex } from '@iog/seal';
import { type ControlPorts, type NetworkKey, change } from './ports.ts';

export interface NetworkSecrets {
  readonly key: NetworkKey;
  readonly pulseSecret: Uint8Array;
}

const fileName = 'network.key';

/** The directory's key is not the one that the store's rows are signed with, or there is none. The message says what to do next. */
class WrongKey extends Error {
  readonly code = 'network.key';
}

/** The key of the network that the store belongs to. An empty store gets a new network, with the directory's key or a new one. Faults: WrongKey. */
export async function networkSecrets(dir: string, ports: Pick<ControlPorts, 'store'>): Promise<NetworkSecrets> {
  const file = path.join(dir, fileName);
  const isKnown = fs.existsSync(file);
  const owner = await ownerOf(ports);
  if (!isKnown && owner !== 'nobody') throw wrongKey(`${dir} has no ${fileName}`, owner, dir);
  if (!isKnown) makeKey(file);
  const { publicKey, secretKey, pulseSecret } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    publicKey: string;
    secretKey: string;
    pulseSecret: string;
  };
  // Two that begin at once: the first one to commit has made the network.
  const settled = await change(ports, async (read) => {
    const row = await read.one('network', 'network');
    return { writes: row ? [] : [{ kind: 'network', id: 'network', publicKey }], value: row?.publicKey ?? publicKey };
  });
  if (settled !== publicKey) throw wrongKey(`the ${fileName} of ${dir} is ${publicKey}`, settled, dir);
  return { key: { publicKey, sign: (domain, bytes) => sign(secretKey, domain, bytes) }, pulseSecret: fromHex(pulseSecret) };
}

/** The public key; `somebody` for a store of an earlier build, which did not write it down. */
async function ownerOf({ store }: Pick<ControlPorts, 'store'>): Promise<string> {
  const [found] = await store.load([{ kind: 'network', id: 'network' }]);
  if (found) return (found.row as { publicKey?: string }).publicKey ?? 'somebody';
  const accounts = await store.query({ kind: 'account', index: 'all', limit: 1 });
  return accounts.length > 0 ? 'somebody' : 'nobody';
}

function wrongKey(what: string, owner: string, dir: string): WrongKey {
  const belongs = owner === 'somebody' ? 'the store belongs to a network already' : `the store belongs to the network ${owner}`;
  const next = `copy ${fileName} from the directory of a control that runs this network into ${dir}, with mode 0600, or choose another store`;
  return new WrongKey(`${what}, and ${belongs}: ${next}`);
}

function makeKey(file: string): void {
  const made = JSON.stringify({ ...generateSigningKey(), pulseSecret: toHex(randomBytes(32)) });
  // Written whole under another name first: a crash leaves no half key.
  const fd = fs.openSync(`${file}.new`, 'w', 0o600);
  fs.writeSync(fd, made);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  fs.renameSync(`${file}.new`, file);
}
