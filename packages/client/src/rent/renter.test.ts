// Renting: only signed keys are sealed to, each device opens its own copy, and the renter opens theirs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterView, NewCluster, Quote } from '@iog/protocol';
import { canonical, decodeSecrets, fromBase64url, generateAgeIdentity, generateSigningKey, open, sign } from '@iog/seal';
import type { IogClient } from '../api/iog-client.ts';
import { checkQuote, QuoteError } from './check-quote.ts';
import { openSecrets, rentCluster } from './renter.ts';

async function quoted() {
  const [device, network, age] = [generateSigningKey(), generateSigningKey(), await generateAgeIdentity()];
  const node = {
    device: 'dev_00000000000000000000000001',
    name: 'first',
    publicKey: device.publicKey,
    recipient: age.recipient,
    recipientSignature: sign(device.secretKey, 'recipient', Buffer.from(age.recipient)),
  };
  const unsigned = { id: 'quo_00000000000000000000000001', nodes: [node] };
  const quote = { ...unsigned, signature: sign(network.secretKey, 'quote', canonical(unsigned)) } as unknown as Quote;
  return { quote, network: network.publicKey, deviceIdentity: age.identity };
}

test('a quote holds with its signatures, and not without one of them', async () => {
  const { quote, network } = await quoted();
  checkQuote(quote, network);
  const [node] = quote.nodes;
  assert.ok(node);
  const { recipient } = await generateAgeIdentity();
  assert.throws(() => checkQuote({ ...quote, nodes: [{ ...node, recipient }] }), QuoteError);
  assert.throws(() => checkQuote({ ...quote, feeBasisPoints: 1 }, network), /not signed by this network/);
  assert.throws(() => checkQuote({ ...quote, nodes: [] }), /no device/);
});

test('the secret is sealed to each device and to the renter, and to nobody else', async () => {
  const { quote, network, deviceIdentity } = await quoted();
  const renter = await generateAgeIdentity();
  let sent: NewCluster | undefined;
  const client = { call: (_name: string, { body }: { body: NewCluster }) => Promise.resolve((sent = body)) } as unknown as IogClient;
  const { secrets } = await rentCluster(client, { name: 'c', quote, renterRecipient: renter.recipient, networkPublicKey: network });
  assert.ok(sent);
  const ofDevice = sent.secrets.sealedTo['dev_00000000000000000000000001'] ?? '';
  assert.deepEqual(decodeSecrets(await open(deviceIdentity, fromBase64url(ofDevice))), secrets);
  const view = { sealedToRenter: sent.secrets.sealedToRenter } as ClusterView;
  assert.deepEqual(await openSecrets(view, renter.identity), secrets);
  await assert.rejects(open(renter.identity, fromBase64url(ofDevice)));
  assert.equal(sent.secrets.recipient, secrets.ageRecipient);
  assert.ok(!JSON.stringify(sent).includes(secrets.rayToken));
});
