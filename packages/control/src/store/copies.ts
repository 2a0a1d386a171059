// Copies of one value of plain data, each its taker's own down to the last array: faster than reading its text again.

/** The value is given away to this: nobody may change it afterwards. */
export function copier<T extends object>(value: T): () => T {
  const part = partOf(value);
  return () => copyOf(part) as T;
}

/** A part of the value, and which of its fields are parts again; all others are copied with it. */
interface Part {
  readonly value: object;
  readonly inner: readonly (readonly [name: string | number, part: Part])[];
}

function partOf(value: object): Part {
  const inner: [string | number, Part][] = [];
  for (const [name, field] of Object.entries(value)) if (typeof field === 'object' && field !== null) inner.push([name, partOf(field)]);
  return { value, inner };
}

function copyOf({ value, inner }: Part): object {
  const copy = (Array.isArray(value) ? value.slice() : { ...value }) as Record<string | number, object>;
  for (let i = 0; i < inner.length; i++) {
    const [name, part] = inner[i] as Part['inner'][number];
    if (name === '__proto__')
      Object.defineProperty(copy, name, { value: copyOf(part), enumerable: true, configurable: true, writable: true });
    else copy[name] = copyOf(part);
  }
  return copy;
}
