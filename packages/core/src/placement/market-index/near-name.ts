// Which of the known names a mistyped one was meant to be: the one with the fewest letters added, left out, changed or swapped.

const longest = 64;

/** At most a third of its letters wrong; undefined where nothing is that near. Of equally near ones, the first by name. Case does not count. */
export function nearName(wanted: string, known: Iterable<string>): string | undefined {
  const asked = wanted.toLowerCase().slice(0, longest);
  let most = Math.max(1, Math.floor(asked.length / 3));
  let nearest: string | undefined;
  for (const name of known) {
    const other = name.toLowerCase().slice(0, longest);
    if (Math.abs(other.length - asked.length) > most) continue;
    const distance = distanceOf(asked, other);
    if (distance > most || (distance === most && nearest !== undefined && nearest <= name)) continue;
    [most, nearest] = [distance, name];
  }
  return nearest;
}

/** Optimal string alignment. */
function distanceOf(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array.from({ length: b.length }, () => 0)]);
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(i - 2, j - 2) + 1);
      (rows[i] as number[])[j] = least;
    }
  }
  return at(a.length, b.length);
}
