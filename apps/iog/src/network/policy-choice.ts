// Which policy a control runs under: the one that is named, else the one that its folder was last run under, else `laptop`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Policy, policies } from '@iog/protocol';
import { UsageError } from '../failure.ts';

export interface PolicyChoice {
  readonly policy: Policy;
  /** Once control runs: a start that names none goes on under the same. */
  readonly remember: () => void;
}

/** Usage error where no policy has that name, given or remembered. */
export function policyChoice(dir: string, given: string | undefined): PolicyChoice {
  const file = path.join(dir, 'policy');
  const name = given ?? remembered(file) ?? 'laptop';
  if (!isPolicyName(name))
    throw new UsageError(
      `${given === undefined ? file : '--policy'} takes ${Object.keys(policies).join(' or ')}, not "${name.slice(0, 64)}".`,
    );
  return { policy: policies[name], remember: () => writeFileSync(file, `${name}\n`, { mode: 0o600 }) };
}

function remembered(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

function isPolicyName(text: string): text is keyof typeof policies {
  return Object.hasOwn(policies, text);
}
