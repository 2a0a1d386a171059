// A worker that says what a recording has, over a real link: ids, nonces and epochs are those of the network it meets, and it signs anew.
import { type SignedSnapshot, type ToControl, type ToWorker, minuteMs } from '@iog/protocol';
import { argon2Chain, canonical, fromBase64url, fromHex, sha256hex, sign, threadSalt, toBase64url } from '@iog/seal';
import { WebSocket } from 'ws';
import type { enrolFake } from '../../packages/control/src/test/fake-device.ts';
import { until } from '../../packages/control/src/test/rig.ts';

type Enrolled = Awaited<ReturnType<typeof enrolFake>>;
type Of<K extends ToWorker['type']> = Extract<ToWorker, { type: K }>;

export interface RecordedWorker {
  readonly received: readonly ToWorker[];
  /** Waits until the network says what stands in this place of the recording, and learns its names from it. */
  meets(message: ToWorker, fits?: (actual: Of<'assignments'>) => boolean): Promise<void>;
  say(message: ToControl): void;
  /** The version of the welcome. */
  welcomed(): number | undefined;
  closed(): string | undefined;
  close(): void;
}

const withinMs = minuteMs / 4;

export function recordedWorker(url: string, { id, keys }: Enrolled): RecordedWorker {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/link`);
  const received: ToWorker[] = [];
  const names = new Map<string, string>();
  let closed: string | undefined;
  let prev = '';
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as ToWorker;
    received.push(message);
    // Its pulses are answered as they come: the recorded answers stand for the same.
    if (message.type === 'pulse') write({ type: 'pulse-answer', nonce: message.nonce });
  });
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) => (closed = `${code} ${String(reason)}`));

  const last = <K extends ToWorker['type']>(type: K): Of<K> | undefined =>
    received.findLast((message): message is Of<K> => message.type === type);
  const write = (message: unknown): void => socket.send(JSON.stringify(message));
  const welcome = (): Of<'welcome'> | undefined => last('welcome');

  const meets = async (message: ToWorker, fits?: (actual: Of<'assignments'>) => boolean): Promise<void> => {
    const { type } = message;
    if (type === 'pulse') return;
    await until(
      `the word ${type}`,
      () => {
        const actual = fits ? last('assignments') : message.type === 'acknowledged' ? reached(message) : last(type);
        if (!actual || (fits && !(actual.type === 'assignments' && fits(actual)))) return false;
        learn(message, actual, names);
        return true;
      },
      withinMs,
    );
  };
  const reached = ({ segment, index }: Of<'acknowledged'>): ToWorker | undefined =>
    received.find((message) => message.type === 'acknowledged' && message.segment === segment && message.index >= index);

  const signedAgain = ({ bytes }: SignedSnapshot): SignedSnapshot => {
    const snapshot = named(JSON.parse(Buffer.from(fromBase64url(bytes)).toString('utf8')), names) as object;
    const again = canonical({ ...snapshot, device: id, prev, pulse: last('pulse')?.nonce ?? '' });
    prev = sha256hex(again);
    return { bytes: toBase64url(again), signature: sign(keys.secretKey, 'evidence', again) };
  };
  const say = (message: ToControl): void => {
    if (message.type === 'pulse-answer') return;
    const said = named(message, names) as ToControl;
    if ('epoch' in said) said.epoch = welcome()?.epoch ?? 0;
    if (said.type === 'hello') {
      const { nonce = '', network = '' } = last('challenge') ?? {};
      said.device = id;
      said.signature = sign(keys.secretKey, 'hello', canonical({ nonce, network, device: id, bootId: said.bootId }));
    }
    if (said.type === 'capacity-answer') said.digests = digestsFor(last('capacity'));
    if (said.type === 'evidence') said.snapshots = (message as typeof said).snapshots.map(signedAgain);
    write(said);
  };
  return {
    received,
    meets,
    say,
    welcomed: () => welcome()?.version,
    closed: () => closed,
    close: () => socket.terminate(),
  };
}

function digestsFor(question: Of<'capacity'> | undefined): string[] {
  if (!question) return [];
  return Array.from({ length: question.threads }, (_, i) =>
    sha256hex(argon2Chain({ ...question, salt: threadSalt(fromHex(question.salt), i) })),
  );
}

/** What a recorded text is called in this network: from two values of the same form. */
function learn(recorded: unknown, actual: unknown, names: Map<string, string>): void {
  if (typeof recorded === 'string' && typeof actual === 'string' && recorded !== actual) names.set(recorded, actual);
  if (typeof recorded !== 'object' || typeof actual !== 'object' || recorded === null || actual === null) return;
  for (const [name, value] of Object.entries(recorded)) learn(value, (actual as Record<string, unknown>)[name], names);
}

function named(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return names.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => named(each, names));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, named(field, names)]));
}
