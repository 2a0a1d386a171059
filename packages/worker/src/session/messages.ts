// Control's messages, checked before anybody acts on them. Fields this build does not know are dropped: control may be newer.
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ToWorkerSchema, type ToWorker } from '@iog/protocol';

// One for each type: cleaning by the whole union would try every message.
const validators = new Map(
  ToWorkerSchema.anyOf.map((schema) => [
    schema.properties.type.const as string,
    // Almost every message has no field to drop: to see that is ten times as quick as to clean it.
    { exact: Compile(closed(schema) as TSchema), open: Compile(schema) },
  ]),
);

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
  if (validator.exact.Check(value)) return { kind: 'message', message: value as ToWorker };
  const cleaned = validator.open.Clean(value);
  if (validator.open.Check(cleaned)) return { kind: 'message', message: cleaned };
  return { kind: 'malformed', detail: `a ${type} that does not fit its schema` };
}

/** The schema without room for fields that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.entries(schema).map(([name, part]) => [name, closed(part)]);
  return Object.fromEntries('properties' in schema ? [['additionalProperties', false], ...inner] : inner);
}
