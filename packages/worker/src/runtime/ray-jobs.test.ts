// What is made of Ray's answers that are no success, against a stand-in for its dashboard. A real one is driven under tests/system.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { rayJobs } from './ray-jobs.ts';

const submission = { submissionId: 'job_a', entrypoint: 'true', env: {}, metadata: {} };
type Answers = Readonly<Record<string, readonly [status: number, body: string]>>;

test('an absent job is undefined; a dashboard that fails is an error, so that no job is begun twice', async () => {
  await withDashboard({ 'GET /api/jobs/job_a': [404, 'no'], 'GET /api/jobs/job_b': [500, 'broken'] }, async (jobs) => {
    assert.equal(await jobs.info('job_a'), undefined);
    await assert.rejects(jobs.info('job_b'), (error: Error) => /status 500/.test(error.message) && !error.message.includes('broken'));
  });
});

test('a job that exists already counts as submitted; a refused one is an error that quotes nothing', async () => {
  const refused = { 'POST /api/jobs/': [500, 'already exists'] } as const;
  await withDashboard({ ...refused, 'GET /api/jobs/job_a': [200, '{"status":"RUNNING"}'] }, async (jobs) => {
    await jobs.submit(submission);
    assert.deepEqual(await jobs.info('job_a'), { status: 'RUNNING', message: null, exitCode: null });
  });
  await withDashboard({ 'POST /api/jobs/': [400, 'no entrypoint'] }, async (jobs) => {
    await assert.rejects(
      jobs.submit(submission),
      (error: Error) => /status 400/.test(error.message) && !error.message.includes('entrypoint'),
    );
  });
});

test("a job goes to the head's own agent where that is known", async () => {
  const seen: string[] = [];
  await withDashboard({ 'POST /api/job_agent/jobs/': [200, '{}'] }, submitToAgent, seen);
  assert.deepEqual(seen, ['POST /api/job_agent/jobs/']);
});

test('a package that Ray has is not sent again', async () => {
  const zip = Buffer.from('zip');
  const seen: string[] = [];
  await withDashboard({}, async (jobs) => assert.rejects(jobs.uploadPackage(zip), /refused the package with status 404/), seen);
  const path = seen.find((line) => line.startsWith('PUT '))?.slice(4) ?? '';
  assert.match(path, /^\/api\/packages\/gcs\/_ray_pkg_[0-9a-f]{40}\.zip$/);
  seen.length = 0;
  await withDashboard({ [`GET ${path}`]: [200, ''] }, async (jobs) => void (await jobs.uploadPackage(zip)), seen);
  assert.deepEqual(seen, [`GET ${path}`]);
});

test('every request bears the token and none looks like a browser; a refused tail is an error', async () => {
  const headers: http.IncomingHttpHeaders[] = [];
  await withDashboard(
    {},
    async (jobs) => assert.rejects(jobs.tailLogs('job_a', () => undefined, new AbortController().signal)),
    [],
    headers,
  );
  assert.ok(headers.length > 0);
  for (const { authorization, origin, ...others } of headers) {
    assert.equal(authorization, 'Bearer secret');
    assert.equal(origin, undefined);
    assert.deepEqual(
      Object.keys(others).filter((name) => name.startsWith('sec-fetch')),
      [],
    );
  }
});

async function withDashboard(
  answers: Answers,
  body: (jobs: ReturnType<typeof rayJobs>, port: number) => Promise<void>,
  seen: string[] = [],
  headers: http.IncomingHttpHeaders[] = [],
): Promise<void> {
  const server = http.createServer((request, response) => {
    const line = `${request.method} ${request.url}`;
    seen.push(line);
    headers.push(request.headers);
    request.resume();
    const [status, text] = answers[line] ?? [404, 'not there'];
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await body(rayJobs({ host: '127.0.0.1', port, token: 'secret' }), port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function submitToAgent(_jobs: unknown, port: number): Promise<void> {
  await rayJobs({ host: '127.0.0.1', port: 1, token: 'secret' }, port).submit(submission);
}
