// Control's messages, checked before anybody acts on them. Fields this build does not know are dropped: control may be newer.
import { Compile } from 'typebox/compile';
import { ToWorkerSchema, type ToWorker } from '@iog/protocol';

// One for each type: cleaning by the whole union would try every message.
const validators = new Map(ToWorkerSchema.anyOf.map((schema) => [schema.properties.type.const as string, Compile(schema)]));

export type Incoming =
  | { readonly kind: 'message'; readonly message: ToWorker }
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'malformed'; readonly detail: string };

/** A text from control: a message, one of a type this build does not know (to be ignored), or nonsense. */
export function readMessage(text: string): Incoming {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed', detail: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'malformed', detail: 'not an object' };
  const { type } = value as { type?: unknown };
  if (typeof type !== 'string') return { kind: 'malformed', detail: 'no type' };
  const validator = validators.get(type);
  if (!validator) return { kind: 'unknown', type: type.slice(0, 32) };
  const cleaned = validator.Clean(value);
  if (validator.Check(cleaned)) return { kind: 'message', message: cleaned as ToWorker };
  return { kind: 'malformed', detail: `a ${type} that does not fit its schema` };
}
