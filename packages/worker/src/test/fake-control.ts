// FakeControl: a double of control's end of the link, behind a real WebSocket server. For tests only.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ToControl } from '@iog/protocol';

export const nonce = 'ab'.repeat(32);

export class FakeControl {
  readonly heard: ToControl[] = [];
  readonly sockets: WebSocket[] = [];
  readonly #server: WebSocketServer;
  epoch = 0;
  network = 'net';
  speaks = { min: 1, max: 1 };
  /** Cuts whoever dials, as a control that is not back yet. */
  away = false;
  /** Says only what it is told to. */
  silent = false;
  beatEveryMs = 60_000;

  constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.sockets.push(socket);
      if (this.away) return socket.terminate();
      socket.on('message', (data: Buffer) => this.#hear(socket, JSON.parse(data.toString()) as ToControl));
      if (!this.silent) this.say({ type: 'challenge', nonce, network: this.network, ...this.speaks });
      return undefined;
    });
  }

  static async open(): Promise<FakeControl> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new FakeControl(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  say(message: object): void {
    this.sockets.at(-1)?.send(JSON.stringify(message));
  }

  async until(isThere: () => boolean, what: string): Promise<void> {
    const untilMs = Date.now() + 10_000;
    while (!isThere()) {
      assert.ok(Date.now() < untilMs, `waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
    this.#server.close();
  }

  #hear(socket: WebSocket, message: ToControl): void {
    this.heard.push(message);
    if (message.type !== 'hello' || this.silent) return;
    this.epoch += 1;
    socket.send(
      JSON.stringify({
        type: 'welcome',
        epoch: this.epoch,
        version: Math.min(message.max, this.speaks.max),
        beatEveryMs: this.beatEveryMs,
        sampleEveryMs: 1_000,
        lostAfterMs: 1_000,
        policy: nonce,
      }),
    );
  }
}
