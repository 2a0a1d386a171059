// Devices of the bench `sessions`: bare `ws`, real keys, the link's own messages, and the worker's own pace of returning.
import { WebSocket } from 'ws';
import type { ToWorker } from '@iog/protocol';
import { canonical, sign } from '@iog/seal';
import { realClock, realRandom } from '../../packages/worker/src/ports.ts';
import { returnPace } from '../../packages/worker/src/session/return-pace.ts';
import { type BenchDevice, type SwarmFigures, benchDevice } from './device.ts';

const [from = '0', to = '0'] = process.argv.slice(2);
const figures = { open: 0, beats: 0, pulses: 0, putOff: 0 } satisfies SwarmFigures;
const sockets = new Set<WebSocket>();
let url = '';
let isOver = false;
let dials = 0;

/** A connection that is closed keeps its port for a while: each dial has another address of this host. */
const nextAddress = (): string => `127.0.0.${2 + (dials++ % 250)}`;

process.on('message', (asked: { readonly dial?: string; readonly storm?: true; readonly end?: true }) => {
  if (asked.end) isOver = true;
  if (asked.end || asked.storm) for (const socket of sockets) socket.terminate();
  if (asked.dial !== undefined) {
    url = asked.dial;
    isOver = false;
    for (let n = Number(from); n < Number(to); n++) keep(benchDevice(n));
  }
  process.send?.(figures);
});
process.send?.({ ready: true });

/** One device that dials, and dials again. */
function keep({ id, key }: BenchDevice): void {
  const pace = returnPace({ clock: realClock, random: realRandom });
  let failures = 0;
  const dial = (): void => {
    if (isOver) return;
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: 20_000, localAddress: nextAddress() });
    let beats: NodeJS.Timeout | undefined;
    sockets.add(socket);
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as ToWorker;
      if (message.type === 'challenge') {
        const { nonce, network } = message;
        const signature = sign(key.secretKey, 'hello', canonical({ nonce, network, device: id, bootId: 'boot' }));
        socket.send(JSON.stringify({ type: 'hello', device: id, min: 1, max: 2, capabilities: [], bootId: 'boot', signature }));
      } else if (message.type === 'welcome') {
        pace.welcomed();
        failures = 0;
        figures.open += 1;
        const text = JSON.stringify({ type: 'beat', epoch: message.epoch, observed: [] });
        const beat = (): void => {
          figures.beats += 1;
          socket.send(text);
        };
        beat();
        beats = setInterval(beat, message.beatEveryMs);
      } else if (message.type === 'pulse') {
        figures.pulses += 1;
        socket.send(JSON.stringify({ type: 'pulse-answer', nonce: message.nonce }));
      } else if (message.type === 'bye') {
        figures.putOff += 1;
        pace.steady(message.retryInMs);
        socket.terminate();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (beats) figures.open -= 1;
      clearInterval(beats);
      setTimeout(dial, pace.nextMs(failures++));
    });
  };
  // A fleet does not appear within one millisecond.
  setTimeout(dial, Math.random() * 5_000);
}
