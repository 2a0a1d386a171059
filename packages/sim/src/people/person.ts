// Somebody who uses the network: asks it over the wire, asks again where no answer came, and remembers what was promised.
import type { Chance } from '../engine/chance.ts';
import type { Proc } from '../engine/proc.ts';
import type { Asked } from '../actors/control.ts';

export interface Said {
  readonly status: number;
  readonly code: string;
  readonly body: Record<string, unknown>;
}

export type AskNetwork = (from: Proc, asked: Asked) => Promise<Said>;

const tries = 6;

export class Person {
  readonly proc: Proc;
  readonly draw: Chance;
  readonly secret: string;
  readonly #ask: AskNetwork;
  #keys = 0;

  constructor(proc: Proc, draw: Chance, secret: string, ask: AskNetwork) {
    this.proc = proc;
    this.draw = draw;
    this.secret = secret;
    this.#ask = ask;
  }

  get name(): string {
    return this.proc.name;
  }

  freshKey(): string {
    return `${this.name}-${this.#keys++}-key`;
  }

  rest(leastMs: number, mostMs: number): Promise<void> {
    return this.proc.pause(this.draw.between(leastMs, mostMs), `${this.name} acts`);
  }

  /** Once; rejects where no answer came. */
  once(route: Asked['route'], asked: Partial<Asked> = {}): Promise<Said> {
    return this.#ask(this.proc, { route, authorization: `Bearer ${this.secret}`, from: this.name, ...asked });
  }

  /** With the same Idempotency-Key until an answer comes that no retry changes; undefined when none comes. */
  async ask(route: Asked['route'], asked: Partial<Asked> = {}): Promise<Said | undefined> {
    const idempotencyKey = asked.idempotencyKey ?? this.freshKey();
    for (let i = 0; i < tries; i++) {
      try {
        const said = await this.once(route, { ...asked, idempotencyKey });
        if (said.status !== 503 && said.status !== 429) return said;
      } catch {
        // Nobody knows whether it was done: the same key says it again.
      }
      await this.rest(1_000, 20_000);
    }
    return undefined;
  }
}

export const json = (value: unknown): string => JSON.stringify(value);
