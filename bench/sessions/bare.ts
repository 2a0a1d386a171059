// The peer of the bench `sessions`: a bare `ws` server that says the same bytes at the same times, and knows nothing.
import { WebSocketServer, type WebSocket } from 'ws';
import { laptopPolicy } from '@iog/protocol';
import { tellFigures } from './figures.ts';

const { beatEveryMs, lostAfterMs, pulseEveryMs, pulseWithinMs } = laptopPolicy.session;
const hex = 'f'.repeat(64);
const welcome = {
  type: 'welcome',
  epoch: 1,
  version: 2,
  beatEveryMs,
  sampleEveryMs: laptopPolicy.evidence.sampleEveryMs,
  lostAfterMs,
  policy: hex,
};
const said = {
  challenge: JSON.stringify({ type: 'challenge', nonce: hex, network: 'k'.repeat(43), min: 1, max: 2 }),
  welcome: JSON.stringify(welcome),
  assignments: JSON.stringify({ type: 'assignments', epoch: 1, assignments: [] }),
  pulse: JSON.stringify({ type: 'pulse', nonce: hex, withinMs: pulseWithinMs }),
};
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, clientTracking: false, maxPayload: 1_000_000 });
server.on('connection', (ws: WebSocket) => {
  let pulses: NodeJS.Timeout | undefined;
  ws.on('error', () => ws.terminate());
  ws.on('message', (data: Buffer) => {
    if (pulses || !data.toString('utf8').startsWith('{"type":"hello"')) return;
    for (const text of [said.welcome, said.pulse, said.assignments]) ws.send(text);
    pulses = setInterval(() => ws.send(said.pulse), pulseEveryMs);
  });
  ws.on('close', () => clearInterval(pulses));
  ws.send(said.challenge);
});
tellFigures();
server.once('listening', () => process.send?.({ port: (server.address() as { port: number }).port }));
process.once('SIGTERM', () => process.exit(0));
