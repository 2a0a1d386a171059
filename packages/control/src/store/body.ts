// The text of a row: JSON in which a bigint is {"$bigint":"123"}. Reading gives back exactly what was written, less undefined fields.

/** A field whose name starts with $ is written with one more, so that no tenant's data can pass for a bigint. */
export function encodeBody(row: object): string {
  return JSON.stringify(row, encodeValue);
}

export function decodeBody(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  return text.includes('"$') ? decodeValue(plain) : plain;
}

class Wrapped {
  readonly $bigint: string;
  constructor(value: bigint) {
    this.$bigint = value.toString();
  }
}

class Escaped {
  [name: string]: unknown;
}

function encodeValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return new Wrapped(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`a row cannot keep the number ${value}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (value instanceof Wrapped || value instanceof Escaped) return value;
  if (!Object.keys(value).some((name) => name.startsWith('$'))) return value;
  const escaped = new Escaped();
  for (const [name, field] of Object.entries(value)) define(escaped, name.startsWith('$') ? `$${name}` : name, field);
  return escaped;
}

/** A walk of our own: JSON.parse with a reviver takes three times as long. */
function decodeValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = decodeValue(value[i]);
    return value;
  }
  const fields = value as Record<string, unknown>;
  let isEscaped = false;
  for (const name in fields) {
    if (name.startsWith('$')) isEscaped = true;
    else if (name !== '__proto__') fields[name] = decodeValue(fields[name]);
  }
  if (!isEscaped && !Object.hasOwn(fields, '__proto__')) return fields;
  if (typeof fields['$bigint'] === 'string') return BigInt(fields['$bigint']);
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name.startsWith('$') ? name.slice(1) : name,
      name.startsWith('$') || name === '__proto__' ? decodeValue(field) : field,
    ]),
  );
}

/** An assignment would lose a field of the name __proto__. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
