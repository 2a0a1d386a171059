// What ends TLS in front of a control, for tests: a certificate of an authority made on the spot, and bytes passed on.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { createServer } from 'node:tls';

export interface TlsFront {
  readonly port: number;
  /** The file with the authority's certificate. */
  readonly ca: string;
  /** How many connections have got through the handshake. */
  opened(this: void): number;
  close(this: void): void;
}

/** Its certificate is for 127.0.0.1 alone. */
export async function tlsFront(dir: string, target: string): Promise<TlsFront> {
  const file = (name: string): string => path.join(dir, name);
  const openssl = (words: string): void => void execFileSync('openssl', words.split(' '), { cwd: dir, stdio: 'ignore' });
  const curve = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  openssl(`req -x509 ${curve} -keyout ca.key -out ca.pem -days 2 -subj /CN=test-authority`);
  openssl(`req ${curve} -keyout server.key -out server.csr -subj /CN=test-network`);
  writeFileSync(file('server.ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  openssl('x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem');
  let opened = 0;
  const { hostname, port } = new URL(target);
  const server = createServer({ key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')) }, (socket) => {
    opened += 1;
    const behind = connect(Number(port), hostname);
    for (const end of [socket, behind]) end.on('error', () => (socket.destroy(), behind.destroy()));
    socket.pipe(behind).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, ca: file('ca.pem'), opened: () => opened, close: () => server.close() };
}
