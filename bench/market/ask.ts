// Asks a control for quotes over HTTP, one after the other on one connection, and gives the time of each.
import http from 'node:http';
import { randomBytes, toHex } from '@iog/seal';

export async function askOverHttp(url: string, key: string, demand: object | (() => object), times: number): Promise<readonly number[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedMs = performance.now();
    const status = await ask(agent, url, key, JSON.stringify(typeof demand === 'function' ? demand() : demand));
    if (status !== 200) throw new Error(`control answered a quote with ${status}`);
    tookMs.push(performance.now() - startedMs);
  }
  agent.destroy();
  return tookMs;
}

function ask(agent: http.Agent, url: string, key: string, body: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': toHex(randomBytes(16)),
  };
  return new Promise((resolve, reject) => {
    const sent = http.request(`${url}/v1/quotes`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
