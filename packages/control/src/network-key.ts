// The network's own signing key and the secret of its pulses: made once, kept beside the store with mode 0600.
import fs from 'node:fs';
import path from 'node:path';
import { fromHex, generateSigningKey, randomBytes, sign, toHex } from '@iog/seal';
import type { NetworkKey } from './ports.ts';

export interface NetworkSecrets {
  readonly key: NetworkKey;
  readonly pulseSecret: Uint8Array;
}

export function networkSecrets(dir: string): NetworkSecrets {
  const file = path.join(dir, 'network.key');
  if (!fs.existsSync(file)) {
    const made = JSON.stringify({ ...generateSigningKey(), pulseSecret: toHex(randomBytes(32)) });
    // Written whole under another name first: a crash leaves no half key.
    const fd = fs.openSync(`${file}.new`, 'w', 0o600);
    fs.writeSync(fd, made);
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    fs.renameSync(`${file}.new`, file);
  }
  const { publicKey, secretKey, pulseSecret } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    publicKey: string;
    secretKey: string;
    pulseSecret: string;
  };
  return { key: { publicKey, sign: (domain, bytes) => sign(secretKey, domain, bytes) }, pulseSecret: fromHex(pulseSecret) };
}
