// Money: whole units of a currency's smallest unit, as bigint in code and as a decimal string on a wire. Never a float.
import { Type } from 'typebox';
import { oneOf } from './schema.ts';

/** `TUSD` is the test currency of a network that `iog up` makes; it buys nothing elsewhere. All have 6 decimals. */
export const currencies = ['TUSD', 'USDC', 'IO'] as const;
export type Currency = (typeof currencies)[number];
export const CurrencySchema = oneOf(currencies);

export const decimals = 6;
const unit = 1_000_000n;
const msPerHour = 3_600_000n;

/** An amount on a wire: micro-units as a decimal string. */
export const AmountSchema = Type.String({ pattern: '^-?(0|[1-9][0-9]{0,24})$', examples: ['1000000'] });
/** An amount that is asked for: not below zero. */
export const AmountAskedSchema = Type.String({ pattern: '^(0|[1-9][0-9]{0,24})$', examples: ['1000000'] });

/** What `rate` (micro-units per hour) comes to in `ms` milliseconds, rounded down: the law of accrual (DESIGN §5). */
export function accrued(ratePerHour: bigint, ms: number): bigint {
  return (ratePerHour * BigInt(ms)) / msPerHour;
}

/** The same, rounded up: what a hold must cover. */
export function accruedUp(ratePerHour: bigint, ms: number): bigint {
  return (ratePerHour * BigInt(ms) + msPerHour - 1n) / msPerHour;
}

/** `1234567n` → `1.234567`; trailing zeros are cut down to two decimals. */
export function formatAmount(amount: bigint): string {
  const sign = amount < 0n ? '-' : '';
  const value = amount < 0n ? -amount : amount;
  const fraction = (value % unit)
    .toString()
    .padStart(decimals, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${value / unit}.${fraction}`;
}

/** `"1.5"` → `1500000n`; undefined for anything that is not a plain decimal with at most six places. */
export function parseAmount(text: string): bigint | undefined {
  const match = /^([0-9]{1,15})(?:\.([0-9]{1,6}))?$/.exec(text);
  if (!match) return undefined;
  return BigInt(match[1] ?? '0') * unit + BigInt((match[2] ?? '').padEnd(decimals, '0'));
}
