// Every command that a sentence tells people to run exists, and takes what it is told to be given.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { errors, problemOf, type ErrorCode } from '@iog/protocol';
import { parseCommandLine } from './arguments.ts';
import { commands } from './commands/table.ts';

/** The commands that a text names between backquotes, less the word `iog`. */
function named(text: string): string[][] {
  return [...text.matchAll(/`iog ([^`]+)`/g)].map(([, words = '']) => words.split(' '));
}

function requireRunnable(words: readonly string[], where: string): void {
  // `iog <command> --help` speaks of any of them.
  if (words[0] === '<command>' || words[0] === 'help') return;
  const two = commands.find(({ name }) => name === words.slice(0, 2).join(' '));
  const command = two ?? commands.find(({ name }) => name === words[0]);
  assert.ok(command, `${where}: there is no command \`iog ${words.join(' ')}\``);
  parseCommandLine(command, words.slice(two === undefined ? 1 : 2));
}

test('a next step names commands that exist, with the arguments that they need', () => {
  // What an error may be about: each noun has its own list.
  const nouns = ['account', 'cluster', 'device', 'invitation', 'job', 'key', 'lease', 'member'];
  let found = 0;
  for (const code of Object.keys(errors) as ErrorCode[]) {
    for (const noun of nouns) {
      const { detail, next } = problemOf({ code, context: { noun } });
      for (const words of named(`${detail} ${next}`)) {
        requireRunnable(words, code);
        found++;
      }
    }
  }
  assert.ok(found > 50);
  assert.match(problemOf({ code: 'not-found', context: { noun: 'lease', id: 'x' } }).next, /`iog cluster show <cluster>`/);
});

test('the sentences of the local door do too', () => {
  const file = path.join(import.meta.dirname, '../../../packages/client/src/tunnel/proxy-gate.ts');
  const all = named(readFileSync(file, 'utf8'));
  assert.equal(all.length, 2);
  for (const words of all) requireRunnable(words, file);
});
