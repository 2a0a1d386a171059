// Names that many devices share, each kept once under a small number while some device has it: never more of them than devices use.

export interface Interned {
  /** The number of the name, counted once more. `made` tells whether it was new. */
  take(name: string): number;
  /** Counted once less; true where nobody has it any more, and its number goes to the next new name. */
  give(id: number): boolean;
  idOf(name: string): number | undefined;
  nameOf(id: number): string;
  names(): IterableIterator<string>;
  /** Numbers are below it. */
  readonly end: number;
}

export function interned(): Interned {
  const ids = new Map<string, number>();
  const names: string[] = [];
  const counts: number[] = [];
  const free: number[] = [];
  return {
    take(name) {
      const id = ids.get(name) ?? free.pop() ?? names.length;
      if (ids.get(name) === undefined) {
        ids.set(name, id);
        names[id] = name;
        counts[id] = 0;
      }
      counts[id] = (counts[id] as number) + 1;
      return id;
    },
    give(id) {
      counts[id] = (counts[id] as number) - 1;
      if (counts[id] !== 0) return false;
      ids.delete(names[id] as string);
      names[id] = '';
      free.push(id);
      return true;
    },
    idOf: (name) => ids.get(name),
    nameOf: (id) => names[id] as string,
    names: () => ids.keys(),
    get end() {
      return names.length;
    },
  };
}
