// The command line → values that fit the command's row, or a UsageError that names what is wrong and what was perhaps meant.
import { parseArgs } from 'node:util';
import { isId, isName, nameRule, parseAmount, parseDurationMs, type Id, type IdPrefix } from '@iog/protocol';
import { sharedOptions, type Command, type Options } from './command.ts';
import { UsageError } from './failure.ts';
import { parseBytes } from './terminal/format.ts';

/** What was given. Each reading checks the value and names its flag when it is not valid. */
export interface Given {
  readonly positionals: readonly string[];
  /** The words after `--`. */
  readonly command: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  count(name: string, limits?: { min?: number; max?: number }): number | undefined;
  bytes(name: string): number | undefined;
  durationMs(name: string): number | undefined;
  amount(name: string): bigint | undefined;
  /** A day or a moment, UTC, as milliseconds. */
  instant(name: string): number | undefined;
  /** A name that a person gives to something of theirs. */
  name(name: string): string | undefined;
  id<P extends IdPrefix>(prefix: P, index: number): Id<P>;
}

/** Throws UsageError. `words` are what follows the command's name. */
export function parseCommandLine(command: Command, words: readonly string[]): Given {
  const cut = command.takesCommand === true ? words.indexOf('--') : -1;
  const options: Options = { ...command.options, ...sharedOptions };
  const own = joinNegative(cut < 0 ? words : words.slice(0, cut), options);
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple, short }]) => [
      name,
      { type, ...(multiple === undefined ? {} : { multiple }), ...(short === undefined ? {} : { short }) },
    ]),
  );
  let parsed: { values: Readonly<Record<string, unknown>>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...own], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageOf(error, command, Object.keys(options));
  }
  const { values, positionals } = parsed;
  if (values['help'] !== true) requirePositionals(command, positionals);
  return given(values, positionals, cut < 0 ? [] : words.slice(cut + 1));
}

/** `--cap -1` is `--cap=-1`: the value is wrong, not the way it is written, and its own message says so. */
function joinNegative(words: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1) ?? '';
    const takesValue = last.startsWith('--') && options[last.slice(2)]?.type === 'string';
    if (takesValue && /^-[0-9.]/.test(word)) joined[joined.length - 1] = `${last}=${word}`;
    else joined.push(word);
  }
  return joined;
}

function usageOf(error: unknown, command: Command, known: readonly string[]): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !code.startsWith('ERR_PARSE_ARGS')) return error;
  const wrong = /Unknown option '(--?[^']+)'/.exec(message)?.[1];
  if (wrong === undefined) return new UsageError(`${firstSentence(message)}. See \`iog ${command.name} --help\`.`);
  const meant = nearest(wrong.replace(/^-+/, ''), known);
  return new UsageError(
    `\`iog ${command.name}\` has no option ${wrong}.${meant === undefined ? '' : ` Did you mean --${meant}?`} See \`iog ${command.name} --help\`.`,
  );
}

function firstSentence(message: string): string {
  return (message.split(/[.\n]/)[0] ?? message).trim();
}

function requirePositionals({ name, usage, positionals: { min, max } }: Command, found: readonly string[]): void {
  if (found.length < min) throw new UsageError(`\`iog ${name}\` needs ${usage}. See \`iog ${name} --help\`.`);
  if (found.length > max) throw new UsageError(`\`iog ${name}\` does not take "${found[max]}". See \`iog ${name} --help\`.`);
}

function given(values: Readonly<Record<string, unknown>>, positionals: readonly string[], command: readonly string[]): Given {
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  function read<T>(name: string, parse: (text: string) => T | undefined, wanted: string): T | undefined {
    const found = text(name);
    if (found === undefined) return undefined;
    const value = parse(found);
    if (value === undefined) throw new UsageError(`--${name} takes ${wanted}, not "${found}".`);
    return value;
  }
  return {
    positionals,
    command,
    text,
    flag: (name) => values[name] === true,
    texts: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
    count: (name, { min = 1, max = 1_000_000 } = {}) =>
      read(name, (found) => wholeNumber(found, min, max), `a whole number from ${min} to ${max}`),
    bytes: (name) => read(name, parseBytes, 'a size such as 2GB, 500MB or 1GiB'),
    durationMs: (name) => read(name, (found) => parseDurationMs(found) || undefined, 'a time above zero such as 90s, 30m, 2h or 1h30m'),
    instant: (name) => read(name, parseInstant, 'a day such as 2026-11-01 or a time such as 2026-11-01T12:00Z'),
    amount: (name) => read(name, parseAmount, 'an amount such as 1.50'),
    name: (name) => read(name, (found) => (isName(found) ? found : undefined), nameRule),
    id(prefix, index) {
      const found = positionals[index] ?? '';
      if (isId(prefix, found)) return found;
      throw new UsageError(`"${found}" is not an id of this kind: it looks like ${prefix}_… and has ${prefix.length + 27} characters.`);
    },
  };
}

function parseInstant(text: string): number | undefined {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?Z)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return at >= 0 ? at : undefined;
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  if (!/^[0-9]{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** The known word that is at most a third of its letters away from what was typed. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const ranked = known.map((word) => ({ word, away: distance(typed, word) })).toSorted((a, b) => a.away - b.away);
  const best = ranked[0];
  return best !== undefined && best.away <= Math.max(1, Math.floor(Math.max(typed.length, best.word.length) / 3)) ? best.word : undefined;
}

// Levenshtein's distance, one row at a time.
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
