// A device without a machine: enrols and speaks the link over a real WebSocket. Its nodes are ready as soon as they are assigned.
import type { DeviceId, DeviceView, SignedSnapshot, ToWorker } from '@iog/protocol';
import {
  type SigningKey,
  argon2Chain,
  canonical,
  fromHex,
  generateAgeIdentity,
  generateSigningKey,
  randomBytes,
  sha256hex,
  sign,
  threadSalt,
  toBase64url,
} from '@iog/seal';
import { WebSocket } from 'ws';
import { type FakeNode, fakeNodes } from './fake-nodes.ts';
import { type Rig, until } from './rig.ts';

export interface DeviceKeys extends SigningKey {
  readonly recipient: string;
}
export interface FakeDevice {
  readonly id: DeviceId;
  readonly keys: DeviceKeys;
  readonly received: ToWorker[];
  readonly nodes: Map<string, FakeNode>;
  epoch(): number;
  closed(): { code: number; reason: string } | undefined;
  send(message: unknown): void;
  beat(): void;
  sample(lease: string, closing?: boolean): SignedSnapshot;
  view(): Promise<DeviceView>;
  /** From now on it answers no pulse. */
  deafen(): void;
  close(): void;
}

export async function deviceKeys(): Promise<DeviceKeys> {
  const { recipient } = await generateAgeIdentity();
  return { ...generateSigningKey(), recipient };
}

let codes = 0;
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** What a device says when it enrols, signed. */
export function enrolmentOf(keys: DeviceKeys, changes: Record<string, unknown> = {}): Record<string, unknown> & { code: string } {
  const code = `FAKE-${[15, 10, 5, 0].map((bits) => letters[(codes >> bits) & 31]).join('')}`;
  codes += 1;
  const said = {
    code,
    name: `fake-${codes}`,
    publicKey: keys.publicKey,
    recipient: keys.recipient,
    recipientSignature: sign(keys.secretKey, 'recipient', Buffer.from(keys.recipient)),
    units: { cores: [0, 1], memoryBytes: 4_000_000_000, diskBytes: 0, gpus: [] },
    runtime: 'process',
    // Each on a host of its own: all offer the same cores.
    host: `host-${codes}`,
    atMs: Date.now(),
    ...changes,
  };
  return { ...said, signature: sign(keys.secretKey, 'enrolment', canonical(said)) };
}

/** Enrols, is approved by `secret`, and opens no session yet. */
export async function enrolFake(
  rig: Rig,
  units?: Record<string, unknown>,
  secret = rig.secret,
): Promise<{ id: DeviceId; keys: DeviceKeys }> {
  const keys = await deviceKeys();
  const said = enrolmentOf(keys, units ? { units } : {});
  const opened = await rig.call('POST', '/v1/enrolments', said, { key: null });
  if (opened.status !== 200) throw new Error(`the enrolment was refused: ${JSON.stringify(opened.body)}`);
  const { body } = await rig.call<DeviceView>('POST', '/v1/devices', { code: said.code }, { key: secret });
  return { id: body.id, keys };
}

export interface HelloChanges {
  readonly min?: number;
  readonly max?: number;
  readonly signature?: string;
  /** Answers capacity demands with work that it has not done. */
  readonly wrongDigests?: boolean;
}

/** Opens a session; resolves once it is welcomed, refused or closed. Opened over a device, it goes on with that device's nodes. */
export async function connectFake(
  rig: Rig,
  { id, keys, nodes = new Map() }: { readonly id: DeviceId; readonly keys: DeviceKeys; readonly nodes?: Map<string, FakeNode> },
  { wrongDigests = false, ...hello }: HelloChanges = {},
): Promise<FakeDevice> {
  const ws = new WebSocket(`${rig.url.replace('http', 'ws')}/v1/link`);
  const received: ToWorker[] = [];
  let epoch = 0;
  let pulse = '';
  let isDeaf = false;
  let closed: { code: number; reason: string } | undefined;
  const send = (message: unknown): void => {
    if (ws.readyState === ws.OPEN) ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  };
  const beat = (): void => send({ type: 'beat', epoch, observed: [...nodes.values()].map((node) => node.observed) });
  const { sample, follow } = fakeNodes(id, keys, nodes, {
    pulse: () => pulse,
    beat,
    evidence: (lease, snapshot) => send({ type: 'evidence', epoch, lease, snapshots: [snapshot] }),
  });
  ws.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as ToWorker;
    received.push(message);
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others are only received
    switch (message.type) {
      case 'challenge': {
        const signed = canonical({ nonce: message.nonce, network: message.network, device: id, bootId: 'boot' });
        const said = { min: 1, max: 1, signature: sign(keys.secretKey, 'hello', signed), ...hello };
        return send({ type: 'hello', device: id, capabilities: [], bootId: 'boot', ...said });
      }
      case 'welcome':
        epoch = message.epoch;
        return undefined;
      case 'pulse':
        pulse = message.nonce;
        return isDeaf ? undefined : send({ type: 'pulse-answer', nonce: message.nonce });
      case 'capacity': {
        const work = (i: number) => argon2Chain({ ...message, salt: threadSalt(fromHex(message.salt), i) });
        const digests = Array.from({ length: message.threads }, (_, i) => (wrongDigests ? sha256hex('idle') : sha256hex(work(i))));
        return send({ type: 'capacity-answer', id: message.id, digests });
      }
      case 'assignments':
        return follow(message.assignments);
      default:
        return undefined;
    }
  });
  ws.on('error', () => undefined);
  ws.on('close', (code, reason) => (closed = { code, reason: String(reason) }));
  await until('a welcome or a refusal', () => epoch > 0 || closed !== undefined);
  return {
    id,
    keys,
    received,
    nodes,
    epoch: () => epoch,
    closed: () => closed,
    send,
    beat,
    sample,
    view: async () => (await rig.call<DeviceView>('GET', `/v1/devices/${id}`)).body,
    deafen: () => (isDeaf = true),
    close: () => ws.terminate(),
  };
}

/** Enrolled, connected, and admitted by its capacity proof. */
export async function admittedFake(rig: Rig, units?: Record<string, unknown>, hello?: HelloChanges): Promise<FakeDevice> {
  const device = await connectFake(rig, await enrolFake(rig, units), hello);
  await until('the capacity proof', async () => (await device.view()).state === 'admitted');
  return device;
}

/** A nonce as device requests carry. */
export const requestNonce = (): string => toBase64url(randomBytes(16));
