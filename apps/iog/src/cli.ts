// From the words of the command line to an exit code: find the command, parse, run, tell what went wrong.
import { nearest, parseCommandLine } from './arguments.ts';
import type { Command } from './command.ts';
import type { Environment } from './environment.ts';
import { tell, UsageError } from './failure.ts';
import { helpOf, helpOfAll, helpOfNoun } from './help.ts';
import type { Terminal } from './terminal/terminal.ts';

export interface CliPorts {
  readonly commands: readonly Command[];
  readonly environment: () => Environment;
  readonly terminal: (json: boolean) => Terminal;
}

/** Never throws; what it says goes to the terminal. */
export async function cli(words: readonly string[], { commands, environment, terminal }: CliPorts): Promise<number> {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const out = terminal(own.includes('--json'));
  try {
    const found = find(words, commands);
    if ('help' in found) {
      if (found.exitCode === 0) terminal(false).result(undefined, found.help);
      else out.say(found.help);
      return found.exitCode;
    }
    const { command, rest } = found;
    const given = parseCommandLine(command, rest);
    if (given.flag('help')) {
      terminal(false).result(undefined, helpOf(command));
      return 0;
    }
    return (await command.run({ given, environment: byProfile(environment(), given.text('profile')), terminal: out })) ?? 0;
  } catch (error) {
    const { lines, exitCode, problem } = tell(error);
    for (const line of lines) out.say(line);
    if (out.json && exitCode !== 2) out.result({ error: problem }, '');
    return exitCode;
  }
}

/** What the command line says goes before what the environment says. */
function byProfile(found: Environment, profile: string | undefined): Environment {
  return profile === undefined ? found : { ...found, profile, url: undefined, key: undefined };
}

type Found = { readonly command: Command; readonly rest: readonly string[] } | { readonly help: string; readonly exitCode: number };

function find(words: readonly string[], commands: readonly Command[]): Found {
  const [first, second] = words;
  if (first === undefined) return { help: helpOfAll(commands), exitCode: 2 };
  if (first === '--help' || first === '-h') return { help: helpOfAll(commands), exitCode: 0 };
  if (first === 'help') return findHelp(words.slice(1), commands);
  const two = commands.find(({ name }) => name === `${first} ${second ?? ''}`);
  if (two !== undefined) return { command: two, rest: words.slice(2) };
  const one = commands.find(({ name }) => name === first);
  if (one !== undefined) return { command: one, rest: words.slice(1) };
  if (commands.some(({ name }) => name.startsWith(`${first} `))) {
    if (second === undefined) return { help: helpOfNoun(first, commands), exitCode: 2 };
    if (second === '--help' || second === '-h') return { help: helpOfNoun(first, commands), exitCode: 0 };
    throw unknown(`${first} ${second}`, commands);
  }
  throw unknown(first, commands);
}

function findHelp(words: readonly string[], commands: readonly Command[]): Found {
  const name = words.filter((word) => !word.startsWith('-')).join(' ');
  if (name === '') return { help: helpOfAll(commands), exitCode: 0 };
  const exact = commands.find((command) => command.name === name);
  if (exact !== undefined) return { help: helpOf(exact), exitCode: 0 };
  if (commands.some((command) => command.name.startsWith(`${name} `))) return { help: helpOfNoun(name, commands), exitCode: 0 };
  throw unknown(name, commands);
}

function unknown(typed: string, commands: readonly Command[]): UsageError {
  const names = commands.flatMap(({ name }) => [name, name.split(' ')[0] ?? name]);
  const meant = nearest(typed, [...new Set(names)]);
  return new UsageError(
    `There is no command \`iog ${typed}\`.${meant === undefined ? '' : ` Did you mean \`iog ${meant}\`?`} See \`iog help\`.`,
  );
}
