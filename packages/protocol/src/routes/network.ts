// network over HTTP: what anyone may know.
import { Type } from 'typebox';
import { CurrencySchema } from '../money.ts';
import { HexSchema, NameSchema, PublicKeySchema, TextSchema, strict } from '../schema.ts';
import { type Route } from './route.ts';

export const networkRoutes = {
  'network.show': {
    summary: 'What this network is: its name, public key, policy, currency and clock',
    method: 'GET',
    path: '/v1/network',
    access: 'open',
    answer: strict({
      name: NameSchema,
      version: TextSchema,
      publicKey: PublicKeySchema,
      policy: HexSchema,
      policyName: NameSchema,
      currency: CurrencySchema,
      notice: TextSchema,
      now: Type.Integer(),
    }),
  },
} as const satisfies Record<string, Route>;
