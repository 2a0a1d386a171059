// Rows as text: JSON, with bigint as {"$bigint":"123"}; ids and sorts as they are.

export function encodeRow(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? { $bigint: value.toString() } : value));
}

export function decodeRow(text: string): unknown {
  if (!text.includes('"$bigint"')) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown) => {
    const digits = (value as { $bigint?: unknown } | null)?.$bigint;
    return typeof digits === 'string' && Object.keys(value as object).length === 1 ? BigInt(digits) : value;
  });
}

/** An opaque cursor: the sort and id of the last row seen. */
export function encodeCursor(sort: number | string, id: string): string {
  return Buffer.from(JSON.stringify([sort, id])).toString('base64url');
}

/** Undefined for a cursor that we did not make. */
export function decodeCursor(text: string): { sort: number | string; id: string } | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(parsed) || parsed.length !== 2) return undefined;
    const [sort, id] = parsed as unknown[];
    return (typeof sort === 'number' || typeof sort === 'string') && typeof id === 'string' ? { sort, id } : undefined;
  } catch {
    return undefined;
  }
}
