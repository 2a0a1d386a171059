// Enrolment over real HTTP: a double of control (EnrolmentDouble) that checks what the device signed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Compile } from 'typebox/compile';
import { EnrolmentSchema, type DeviceId, type Enrolment } from '@iog/protocol';
import { canonical, generateSigningKey, verify } from '@iog/seal';
import { inventory } from '../inventory.ts';
import { enrol } from './enrol.ts';
import { deviceKeys } from './identity.ts';

const root = mkdtempSync(join(tmpdir(), 'iog-enrol-'));
after(() => rmSync(root, { recursive: true, force: true }));
const device = `dev_${'6'.repeat(26)}` as DeviceId;

class EnrolmentDouble {
  readonly received: Enrolment[] = [];
  readonly publicKey = generateSigningKey().publicKey;
  state: 'waiting' | 'approved' | 'expired' = 'waiting';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const answer = this.#answer(request.method ?? '', request.url ?? '', Buffer.concat(parts).toString());
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(method: string, path: string, body: string): object {
    const { publicKey } = this;
    if (path === '/v1/network') {
      const shown = {
        name: 'double',
        version: '1',
        publicKey,
        policy: '0'.repeat(64),
        policyName: 'laptop',
        currency: 'TUSD',
        notice: '',
        now: 1,
      };
      return shown;
    }
    if (method === 'POST') this.received.push(JSON.parse(body) as Enrolment);
    const code = this.received.at(-1)?.code ?? '';
    return { code, state: this.state, name: 'd', device: this.state === 'approved' ? device : null, expiresAt: 1 };
  }
}

const options = async (dir: string, url: string) => ({ dir, url, name: 'd', units: await inventory(), runtime: 'process' as const });

test('a device enrols with keys of its own, signed; once approved it stays enrolled', async () => {
  const control = new EnrolmentDouble();
  const dir = join(root, 'a');
  try {
    const url = await control.open();
    const first = await enrol(await options(dir, url));
    assert.match(first.code, /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
    const [said] = control.received;
    assert.ok(said);
    assert.ok(Compile(EnrolmentSchema).Check(said));
    const { signature, ...signed } = said;
    assert.ok(verify(said.publicKey, 'enrolment', canonical(signed), signature));
    assert.ok(verify(said.publicKey, 'recipient', new TextEncoder().encode(said.recipient), said.recipientSignature));
    const approved = first.approved();
    control.state = 'approved';
    assert.equal(await approved, device);
    const again = await enrol(await options(dir, url));
    assert.equal(again.code, '');
    assert.equal(await again.approved(), device);
    assert.equal(control.received.length, 1);
    assert.equal(statSync(join(dir, 'device-keys.json')).mode & 0o777, 0o600);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    const keys = readFileSync(join(dir, 'device-keys.json'), 'utf8');
    assert.ok(!JSON.stringify(control.received).includes(JSON.parse(keys).secretKey as string));
  } finally {
    control.close();
  }
});

test('an expired code and an impatient caller end the waiting with words', async () => {
  const control = new EnrolmentDouble();
  try {
    const url = await control.open();
    const waiting = await enrol(await options(join(root, 'b'), url));
    await assert.rejects(waiting.approved(AbortSignal.timeout(20)), /Nobody approved/);
    control.state = 'expired';
    const late = await enrol(await options(join(root, 'b'), url));
    await assert.rejects(late.approved(), /expired/);
  } finally {
    control.close();
  }
});

test('keys that cannot be read are not replaced by others', async () => {
  const dir = join(root, 'c');
  await deviceKeys(dir);
  writeFileSync(join(dir, 'device-keys.json'), '{"publicKey":');
  await assert.rejects(deviceKeys(dir), /holds no device keys/);
});
