// Schemas of the words as OpenAPI has them: those with a name are components, and stand elsewhere by reference.
import type { TSchema } from 'typebox';
import * as words from '../words.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** The JSON of a schema → its name. Two names of one schema: the first stands for both. */
const named: ReadonlyMap<string, string> = new Map(
  Object.entries(words)
    .filter(([name, word]) => name.endsWith('Schema') && typeof word === 'object')
    .map(([name, schema]): [string, string] => [JSON.stringify(schema), name.slice(0, -'Schema'.length)])
    .toReversed(),
);

/** The named words that `document` names, and those that these name, in the order of their names. */
export function componentsOf(document: Json): JsonObject {
  const texts = new Map([...named].map(([text, name]) => [name, text]));
  const found = new Map<string, Json>();
  const look = (within: Json): void => {
    for (const [, name = ''] of JSON.stringify(within).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const text = texts.get(name);
      if (text === undefined || found.has(name)) continue;
      const schema = inside(JSON.parse(text) as Json);
      found.set(name, schema);
      look(schema);
    }
  };
  look(document);
  return Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A schema, by reference wherever it or a part of it has a name. */
export function schemaOf(schema: TSchema): Json {
  return byReference(JSON.parse(JSON.stringify(schema)) as Json);
}

function byReference(schema: Json): Json {
  const name = named.get(JSON.stringify(schema));
  return name === undefined ? inside(schema) : { $ref: `#/components/schemas/${name}` };
}

function inside(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(byReference);
  if (schema === null || typeof schema !== 'object') return schema;
  const { anyOf, ...rest } = schema as JsonObject;
  const choice = wordsOf(anyOf);
  if (choice) return { type: 'string', enum: choice, ...rest };
  return Object.fromEntries(Object.entries(schema as JsonObject).map(([field, value]) => [field, partOf(field, value)]));
}

function partOf(field: string, value: Json): Json {
  if (field === 'properties' || field === 'patternProperties')
    return Object.fromEntries(Object.entries(value as JsonObject).map(([name, part]) => [name, byReference(part)]));
  if (field === 'items' || field === 'additionalProperties') return byReference(value);
  return field === 'anyOf' && Array.isArray(value) ? value.map(byReference) : value;
}

/** A choice of words, as one list of them. */
function wordsOf(anyOf: Json | undefined): Json | undefined {
  if (!Array.isArray(anyOf) || anyOf.length === 0) return undefined;
  const found = (anyOf as readonly JsonObject[]).map((each) => each['const']);
  return found.every((word) => typeof word === 'string') ? found : undefined;
}
