// Which fields rows have, learnt from rows: those that every object in a place of a row has are required there.

/** `kind.field.field`: in lists `[]`, and `*` for names that are ids or hashes. For each place, how many objects it has, and how many have each field. */
interface Place {
  objects: number;
  readonly fields: Map<string, number>;
}

function placesOf(rows: readonly object[]): Map<string, Place> {
  const places = new Map<string, Place>();
  const walk = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const each of value) walk(each, `${at}[]`);
      return;
    }
    const place = places.get(at) ?? { objects: 0, fields: new Map<string, number>() };
    place.objects += 1;
    places.set(at, place);
    for (const [name, field] of Object.entries(value)) {
      const known = /^[a-z]{3}_[0-9a-z]{20,}$|^[0-9a-f]{40,}$/.test(name) ? '*' : name;
      place.fields.set(known, (place.fields.get(known) ?? 0) + 1);
      walk(field, `${at}.${known}`);
    }
  };
  for (const row of rows) walk(row, (row as { kind: string }).kind);
  return places;
}

/** Fields that every row of `now` has in a place, and some of `before` lacks there: `place.field`. */
export function lackingIn(before: readonly object[], now: readonly object[]): string[] {
  const had = placesOf(before);
  return [...placesOf(now)].flatMap(([at, { objects, fields }]) => {
    const place = had.get(at);
    if (!place) return [];
    const required = [...fields].filter(([name, count]) => name !== '*' && count === objects).map(([name]) => name);
    return required.filter((name) => (place.fields.get(name) ?? 0) < place.objects).map((name) => `${at}.${name}`);
  });
}
