// Why minutes were not proven, in plain words. Pure.
import { laptopPolicy, type Ground, type MinuteView } from '@iog/protocol';
import { canonical, sha256hex } from '@iog/seal';

type Doubtful = Pick<MinuteView, 'verdict' | 'grounds' | 'policy'>;

const reasons: Readonly<Record<string, string>> = {
  'foreign.unmeasured': 'the use of its cores could not be measured',
  'pulse.missed': 'it did not answer in time that it was there',
  'chain.gap': 'its record of the minute has a gap',
  'chain.missing': 'no record of the minute came',
  'chain.contradiction': 'its records of the minute contradict each other',
};

let laptopHash: string | undefined;
/** Whether these minutes are of a network on one's own machine: there all other programs are one's own too. */
function isLaptop(policy: string): boolean {
  return policy === (laptopHash ??= sha256hex(canonical(laptopPolicy)));
}

/** Each reason once, with its worst share where it came in several minutes; nothing for minutes that are proven. */
export function reasonsOf(minutes: readonly Doubtful[]): string[] {
  return grouped(minutes).map(({ code, policy, permilles }) => {
    const worst = percent(Math.max(...permilles));
    return reasonText(code, policy, permilles.length > 1 ? `up to ${worst}` : worst);
  });
}

/** Each reason once, with at most `most` of its shares; `more` is how many different shares are left out. */
export function summaryOf(minutes: readonly Doubtful[], most: number): { readonly reasons: readonly string[]; readonly more: number } {
  const found = grouped(minutes).map((group) => ({ ...group, shares: [...new Set(group.permilles.map(percent))] }));
  return {
    reasons: found.map(({ code, policy, shares }) => reasonText(code, policy, shares.slice(0, most).join(', '))),
    more: found.reduce((sum, { shares }) => sum + Math.max(0, shares.length - most), 0),
  };
}

interface Group {
  readonly code: string;
  readonly policy: string;
  /** The share of each minute that has this reason; 0 where it has none. */
  readonly permilles: number[];
}

function grouped(minutes: readonly Doubtful[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { policy, grounds } of minutes.filter(isUnproven)) {
    for (const { code, numbers } of grounds.filter(isReason)) {
      const group = groups.get(code) ?? { code, policy, permilles: [] };
      group.permilles.push(numbers['permille'] ?? 0);
      groups.set(code, group);
    }
  }
  return [...groups.values()];
}

function isUnproven({ verdict }: Doubtful): boolean {
  return verdict !== 'proven';
}

function isReason({ code }: Ground): boolean {
  return code === 'foreign.share' || Object.hasOwn(reasons, code);
}

function reasonText(code: string, policy: string, shares: string): string {
  if (code !== 'foreign.share') return reasons[code] ?? code;
  const own = isLaptop(policy);
  const bound = own ? `the ${percent(laptopPolicy.evidence.foreignShareMaxPermille)} that the policy allows` : 'the policy allows';
  return `other programs ${own ? 'of this machine' : 'there'} used ${shares} of the device's cores, more than ${bound}`;
}

function percent(permille: number): string {
  return `${permille / 10} %`;
}
