// Help, made from the table of commands.
import { sharedOptions, type Command, type Options } from './command.ts';
import { pairs } from './terminal/format.ts';

/** The whole table: one line for each command. */
export function helpOfAll(commands: readonly Command[]): string {
  const lines = pairs(commands.map(({ name, summary }) => [`  ${name}`, summary] as const));
  return [
    'iog: rents machines as private Ray clusters, by the minute.',
    '',
    'Usage: iog <command> [options]',
    '',
    lines,
    '',
    'Environment: IOG_HOME (default ~/.iog), IOG_URL and IOG_KEY (instead of the profile in IOG_HOME),',
    '  IOG_PROFILE (another profile of IOG_HOME), NODE_EXTRA_CA_CERTS (further certificate authorities),',
    '  IOG_STORE (postgres://…, where control keeps its rows).',
    "Exit codes: 0 done, 1 failed, 2 wrong usage; `iog run` and `iog job logs --follow` exit with the job's own code;",
    '  130: Ctrl-C left `iog run`, and its job and cluster go on.',
    'With --json a list is one array, with all of its pages (the API itself gives {items, next}, page by page).',
    'Start here: `iog start`. More on each: `iog <command> --help`.',
  ].join('\n');
}

/** The commands of one noun. */
export function helpOfNoun(noun: string, commands: readonly Command[]): string {
  const own = commands.filter(({ name }) => name.startsWith(`${noun} `));
  return [`Usage: iog ${noun} <command>`, '', pairs(own.map(({ name, summary }) => [`  ${name}`, summary] as const))].join('\n');
}

export function helpOf({ name, summary, notes = [], usage, options, examples }: Command): string {
  return [
    summary,
    ...notes,
    '',
    usageOf(name, usage),
    '',
    'Options:',
    optionLines({ ...options, ...sharedOptions }),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
  ].join('\n');
}

/** Options stand before the words of the user's own command: what is behind `--` is the command's. */
function usageOf(name: string, usage: string): string {
  const [, words = '', own = ''] = /^(.*?)((?:\[?-- .*)?)$/.exec(usage) ?? [];
  return ['Usage: iog', name, words.trim(), '[options]', own].filter((part) => part !== '').join(' ');
}

function optionLines(options: Options): string {
  return pairs(
    Object.entries(options).map(([name, { type, value, help, short }]) => {
      const word = `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${value ?? '<text>'}` : ''}`;
      return [`  ${word}`, help] as const;
    }),
  );
}
