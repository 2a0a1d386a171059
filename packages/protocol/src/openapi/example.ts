// An example of any schema: its own where it has one, else the least that fits. Words with a pattern name their example beside it.
import type { TSchema } from 'typebox';

interface Shape {
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

/** With only the required fields of each object, unless `whole`. Throws for a pattern that has no example: add one to its schema. */
export function exampleOf(schema: TSchema, whole = false): unknown {
  return sample(schema, whole);
}

function sample(shape: Shape, whole: boolean): unknown {
  if (shape.examples) return shape.examples[0];
  if ('const' in shape) return shape.const;
  if (shape.anyOf) return sample(shape.anyOf[0] ?? {}, whole);
  switch (shape.type) {
    case 'object':
      return objectOf(shape, whole);
    case 'array':
      return Array.from({ length: Math.max(1, shape.minItems ?? 0) }, () => sample(shape.items ?? {}, whole));
    case 'string':
      if (shape.pattern !== undefined) throw new Error(`the pattern ${shape.pattern} has no example`);
      return 'text'.slice(0, Math.max(4, shape.minLength ?? 0));
    case 'integer':
    case 'number':
      return shape.minimum ?? 1;
    case 'boolean':
      return true;
    case undefined:
    default:
      return null;
  }
}

const anyName = 'name';
function objectOf({ properties = {}, patternProperties, required = [] }: Shape, whole: boolean): unknown {
  if (patternProperties) {
    const named = Object.entries(patternProperties).filter(([pattern]) => new RegExp(pattern).test(anyName));
    return Object.fromEntries(named.map(([, part]) => [anyName, sample(part, whole)]));
  }
  const fields = Object.entries(properties).filter(([name]) => whole || required.includes(name));
  return Object.fromEntries(fields.map(([name, part]) => [name, sample(part, whole)]));
}
