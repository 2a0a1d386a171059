// iog backup, iog restore, iog store check: keeping a network's rows, and knowing that they are right. Beside a control that runs, or without one.
import path from 'node:path';
import type { LawReport } from '@iog/control';
import type { Call, Command } from '../command.ts';
import { UserError } from '../failure.ts';
import { storeOption, storeUrl } from '../network/store-choice.ts';
import { formatBytes, pairs } from '../terminal/format.ts';

const dirOption = { type: 'string', value: '<folder>', help: "Control's folder (default <home>/network/control)" } as const;
const blobsOption = {
  type: 'string',
  value: '<folder>',
  help: 'Packages and logs, where `iog control` has --blobs (default in --dir)',
} as const;
const options = { dir: dirOption, store: storeOption } as const;
const findingsShown = 5;

const backup: Command = {
  name: 'backup',
  summary: "Back up a network's rows, key and blobs, while it runs",
  usage: '<folder>',
  positionals: { min: 1, max: 1 },
  options: { ...options, blobs: blobsOption },
  examples: ['iog backup /backup/iog-2026-11-24', 'IOG_STORE=postgres://iog@db/iog iog backup --dir /var/lib/iog /backup/today'],
  async run({ given, environment, terminal }) {
    const target = given.positionals[0] ?? '';
    const { writeBackup } = await import('@iog/control');
    const { manifest, sha256 } = await operated(() => writeBackup(placeOf({ given, environment }), target));
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const rows = Object.values(manifest.rows).reduce((sum, count) => sum + count, 0);
    terminal.say("It holds the network's secret key: keep it as you would keep that. The user's profile, the record of `iog up` and the");
    terminal.say("workers' folders are not in it: their owners keep them.");
    const { absentBlobs } = manifest;
    if (absentBlobs.length > 0) terminal.say(`${absentBlobs.length} blobs that rows name were not on the disk; the manifest lists them.`);
    terminal.result(
      { backup: path.resolve(target), manifestSha256: sha256, madeAt: manifest.madeAt, rows: manifest.rows, bytes, absentBlobs },
      pairs([
        ['backup', path.resolve(target)],
        ['holds', `${rows} rows, ${manifest.files.length - 2} blobs, ${formatBytes(bytes)}`],
        ['manifest', `sha256 ${sha256}`],
        ['check it', `iog restore --check ${target}`],
      ]),
    );
  },
};

const restore: Command = {
  name: 'restore',
  summary: 'Make a network from a backup, in a place that is empty',
  usage: '<backup>',
  positionals: { min: 1, max: 1 },
  options: {
    ...options,
    blobs: blobsOption,
    check: { type: 'boolean', help: 'Read all of it, verify it and ask the laws; restore nothing' },
  },
  examples: [
    'iog restore --check /backup/iog-2026-11-24',
    'iog restore /backup/iog-2026-11-24 --dir /var/lib/iog',
    'IOG_STORE=postgres://iog@db/iog iog restore /backup/iog-2026-11-24 --dir /var/lib/iog',
  ],
  async run({ given, environment, terminal }) {
    const from = given.positionals[0] ?? '';
    const { checkBackup, restoreBackup } = await import('@iog/control');
    const place = placeOf({ given, environment });
    const isCheck = given.flag('check');
    const { manifest, report } = await operated(() => (isCheck ? checkBackup(from) : restoreBackup(from, place)));
    const done = isCheck
      ? `The backup of ${manifest.madeAt} is whole.`
      : `Restored to ${place.dir}. Start it: iog control --dir ${place.dir}`;
    terminal.result(
      { madeAt: manifest.madeAt, network: manifest.network, ...(isCheck ? {} : { dir: place.dir }), ...report },
      [reportText(report), '', done].join('\n'),
    );
    if (!report.holds) terminal.say('A law is broken in it: so the network was when the backup was made.');
    return isCheck && !report.holds ? 1 : 0;
  },
};

const check: Command = {
  name: 'store check',
  summary: 'Ask every law of the network over its rows, while it runs',
  usage: '',
  positionals: { min: 0, max: 0 },
  options,
  examples: ['iog store check', 'iog store check --dir /var/lib/iog --json'],
  async run({ given, environment, terminal }) {
    const { checkStore } = await import('@iog/control');
    const { dir, store } = placeOf({ given, environment });
    const report = await operated(() => checkStore(dir, store));
    terminal.result(report, reportText(report));
    return report.holds ? 0 : 1;
  },
};

function placeOf({ given, environment }: Pick<Call, 'given' | 'environment'>) {
  const url = storeUrl(given, environment);
  const dir = given.text('dir') ?? path.join(environment.home, 'network/control');
  return { dir, blobs: given.text('blobs'), store: url === undefined ? undefined : ({ kind: 'postgres', url } as const) };
}

/** What was checked: rows by kind, each law with what it looked at, and what it found. */
function reportText({ rows, laws }: LawReport): string {
  const counts = Object.entries(rows).map(([kind, count]) => [`  ${kind}`, String(count)] as const);
  const asked = laws.map(
    ({ law, asked: count, broken }) =>
      [`  ${law}`, broken.length === 0 ? `ok, ${count} rows` : `BROKEN, ${broken.length} of ${count} rows`] as const,
  );
  const found = laws.flatMap(({ law, broken }) =>
    broken.slice(0, findingsShown).map(({ subject, detail }) => `${law}: ${subject}: ${detail}`),
  );
  return ['rows', pairs(counts), 'laws', pairs(asked), ...found].join('\n');
}

/** What a person can put right is said with its next step. */
async function operated<T>(work: () => Promise<T>): Promise<T> {
  const { BackupDamaged, PlaceTaken, StoreFault } = await import('@iog/control');
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupDamaged)
      throw new UserError(`${error.message}.`, 'Nothing was changed. Give the right folder, or take another backup.');
    if (error instanceof PlaceTaken)
      throw new UserError(
        `Nothing is restored over what is there: ${error.message}.`,
        'Give an empty --dir (and, in PostgreSQL, another ?schema=), or move away what is there.',
      );
    if (error instanceof StoreFault) throw new UserError(`${error.message}.`, 'See that --dir and --store name the network that is meant.');
    throw error;
  }
}

export const operateCommands: readonly Command[] = [backup, restore, check];
