// What a command is: a row of the table that help, argument parsing and running are made from.
import type { Environment } from './environment.ts';
import type { Given } from './arguments.ts';
import type { Terminal } from './terminal/terminal.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** What stands for the value in help: `<n>`. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly short?: string;
}
export type Options = Readonly<Record<string, Option>>;

export interface Call {
  readonly given: Given;
  readonly environment: Environment;
  readonly terminal: Terminal;
}

export interface Command {
  /** One word or two: `up`, `cluster create`. */
  readonly name: string;
  readonly summary: string;
  /** What help says besides, a line each. */
  readonly notes?: readonly string[];
  /** What follows the name, options apart: `<cluster>`, `[-- command…]`. */
  readonly usage: string;
  readonly positionals: { readonly min: number; readonly max: number };
  /** Whether words after `--` are a command of the user's. */
  readonly takesCommand?: boolean;
  readonly options: Options;
  readonly examples: readonly string[];
  /** Gives the exit code; nothing means 0. */
  run(call: Call): Promise<number | void>;
}

/** What every command has. */
export const sharedOptions: Options = {
  json: { type: 'boolean', help: 'Print the result as JSON on stdout; a list is one array, with all of its pages' },
  profile: { type: 'string', value: '<name>', help: 'Act by this profile of the home, instead of the usual one, IOG_URL and IOG_KEY' },
  help: { type: 'boolean', short: 'h', help: 'Show this help' },
};

/** No word follows the command's name. */
export const takesNothing = { usage: '', positionals: { min: 0, max: 0 } } as const;

/** One word follows it, of which `usage` says what it is. */
export function takesOne(usage: string): Pick<Command, 'usage' | 'positionals'> {
  return { usage, positionals: { min: 1, max: 1 } };
}
