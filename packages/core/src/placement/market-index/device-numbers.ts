// A small number for each device that is in the index, found by its id in a hash table of its own: some 32 bytes a device, with the id.
import { type PackedIds, packedIds } from './packed-ids.ts';

export interface DeviceNumbers extends Pick<PackedIds, 'idOf' | 'compare'> {
  find(id: string): number | undefined;
  /** Its number, a new one where it has none: one that was let go before, or the next. */
  take(id: string): number;
  drop(id: string): number | undefined;
  readonly count: number;
  /** Numbers are below it. */
  readonly end: number;
  readonly bytes: number;
}

const absent = 0xffff_ffff;

export function deviceNumbers(): DeviceNumbers {
  const ids = packedIds();
  let table = new Uint32Array(2_048).fill(absent);
  const free: number[] = [];
  let [count, end] = [0, 0];

  /** The place of the asked id in the table, or the empty place where it would be. */
  const placeOf = (): number => {
    let place = ids.askedHash() & (table.length - 1);
    while (table[place] !== absent && !ids.isAsked(table[place] as number)) place = (place + 1) & (table.length - 1);
    return place;
  };
  return {
    idOf: ids.idOf,
    compare: ids.compare,
    find(id) {
      if (!ids.ask(id)) return undefined;
      const at = table[placeOf()] as number;
      return at === absent ? undefined : at;
    },
    take(id) {
      if (!ids.ask(id)) throw new Error(`${id} is not the id of a device`);
      const place = placeOf();
      if (table[place] !== absent) return table[place] as number;
      const at = free.pop() ?? end++;
      ids.keep(at);
      table[place] = at;
      count += 1;
      if (count * 2 > table.length) table = doubled(table, ids);
      return at;
    },
    drop(id) {
      if (!ids.ask(id)) return undefined;
      const place = placeOf();
      const at = table[place] as number;
      if (at === absent) return undefined;
      close(table, place, ids);
      free.push(at);
      count -= 1;
      return at;
    },
    get count() {
      return count;
    },
    get end() {
      return end;
    },
    get bytes() {
      return ids.bytes() + table.byteLength + free.length * 8;
    },
  };
}

function doubled(before: Uint32Array<ArrayBuffer>, ids: PackedIds): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(before.length * 2).fill(absent);
  for (const at of before) {
    if (at === absent) continue;
    let place = ids.hash(at) & (table.length - 1);
    while (table[place] !== absent) place = (place + 1) & (table.length - 1);
    table[place] = at;
  }
  return table;
}

/** Those behind an emptied place move up, as far as their own home lets them: a search never meets a hole before what it looks for. */
function close(table: Uint32Array, emptied: number, ids: PackedIds): void {
  const last = table.length - 1;
  let hole = emptied;
  for (let place = (hole + 1) & last; table[place] !== absent; place = (place + 1) & last) {
    const home = ids.hash(table[place] as number) & last;
    if (((place - home) & last) < ((place - hole) & last)) continue;
    table[hole] = table[place] as number;
    hole = place;
  }
  table[hole] = absent;
}
