// The profile: private, whole, and its key never for another network.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { environment } from './environment.ts';
import { newProfile, readProfile, requireNetwork, withClient, writeProfile } from './profile.ts';

const base = mkdtempSync(path.join(tmpdir(), 'iog-profile-'));
after(() => rmSync(base, { recursive: true, force: true }));

test('it is read back as written, by its owner only', async () => {
  const home = path.join(base, 'a');
  const profile = await newProfile('http://127.0.0.1:1');
  assert.equal(readProfile(home), undefined);
  writeProfile(home, profile);
  assert.deepEqual(readProfile(home), profile);
  assert.equal(statSync(path.join(home, 'profile.json')).mode & 0o777, 0o600);
  assert.equal(statSync(home).mode & 0o777, 0o700);
});

test('a damaged profile is refused without showing it', () => {
  writeFileSync(path.join(base, 'profile.json'), '{"key":"iog_secret"');
  assert.throws(
    () => readProfile(base),
    (error: Error) => /damaged/.test(error.message) && !error.message.includes('iog_secret'),
  );
  assert.match(readFileSync(path.join(base, 'profile.json'), 'utf8'), /iog_secret/);
});

test("the profile's key goes to its own network only", async () => {
  const home = path.join(base, 'b');
  const profile = await newProfile('http://127.0.0.1:1');
  writeProfile(home, profile);
  assert.equal(requireNetwork(environment({ IOG_HOME: home })).key, profile.key);
  assert.equal(requireNetwork(environment({ IOG_HOME: home, IOG_URL: 'http://127.0.0.1:2' })).key, undefined);
  const elsewhere = withClient(environment({ IOG_HOME: home, IOG_URL: 'http://127.0.0.1:2' }), () => Promise.resolve());
  await assert.rejects(elsewhere, /IOG_URL differs from the profile's network, so its key is not sent/);
  assert.throws(() => requireNetwork(environment({ IOG_HOME: home, IOG_URL: 'ftp://x' })), /not an address/);
  assert.throws(() => requireNetwork(environment({ IOG_HOME: home, IOG_KEY: 'abc' })), /does not look like/);
});
