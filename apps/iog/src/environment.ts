// The one place that reads the environment: where the home is, which network and key are meant, where this installation lies.
import { homedir } from 'node:os';
import path from 'node:path';

export interface Environment {
  /** Holds the profile, and the data of a network that `iog up` makes. */
  readonly home: string;
  /** Which profile of the home, if not its usual one. */
  readonly profile: string | undefined;
  readonly url: string | undefined;
  readonly key: string | undefined;
  /** Where control keeps its rows, if not in a file. It may hold a password. */
  readonly store: string | undefined;
  /** The folder of the installation: examples, and the Python environment under .cache. */
  readonly root: string;
  readonly python: string;
  /** For programs that this one starts on the user's behalf. */
  readonly all: Readonly<Record<string, string | undefined>>;
}

export function environment(from: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const root = path.resolve(import.meta.dirname, '../../..');
  const home = from['IOG_HOME'];
  return {
    home: home === undefined || home === '' ? path.join(homedir(), '.iog') : path.resolve(home),
    profile: nonEmpty(from['IOG_PROFILE']),
    url: nonEmpty(from['IOG_URL']),
    key: nonEmpty(from['IOG_KEY']),
    store: nonEmpty(from['IOG_STORE']),
    root,
    python: path.join(root, '.cache/python'),
    all: from,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
