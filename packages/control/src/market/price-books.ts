// Price books over HTTP, and the step that brings a supplier's devices to its book, some at a time.
import { type BookRow, type DeviceRow, bookView, repriceSome, setBook } from '@iog/core';
import { eachAlone } from '../loop.ts';
import { type ControlPorts, change } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { accountOf, answer, command } from '../command.ts';
import { rowOf } from '../own-rows.ts';
import { cursorOf } from '../store/store.ts';

const booksAtOnce = 10;
const devicesAtOnce = 100;

export function priceBookHandlers(ports: ControlPorts): Pick<Handlers, 'price.book' | 'price.set'> {
  return {
    'price.book': async (call) => answer(bookView(await rowOf(ports.store, 'book', accountOf(call)))),
    'price.set': (call) =>
      command(
        ports,
        call,
        accountOf(call),
        async (read) => setBook(await read.one('book', accountOf(call)), accountOf(call), call.body, ports.clock.now()),
        bookView,
      ),
  };
}

/** Reprices some devices of some suppliers; tells whether there is more to do. */
export async function repriceStep(ports: ControlPorts): Promise<boolean> {
  const moving = await ports.store.query({ kind: 'book', index: 'moving', limit: booksAtOnce });
  await eachAlone(ports.log, 'price-book', moving, ({ row }) => repriceSupplier(ports, row as BookRow));
  return moving.length > 0;
}

function repriceSupplier(ports: ControlPorts, { id }: BookRow): Promise<void> {
  return change(ports, async (read) => {
    const book = await read.one('book', id);
    if (!book || book.pricedTo === null) return { writes: [], value: undefined };
    // A device that joins meanwhile reads the book itself: what stands here before its commit is all that must be repriced.
    const page = { kind: 'device', index: 'account', equals: id, limit: devicesAtOnce } as const;
    const listed: readonly DeviceRow[] = await read.list(book.pricedTo === '' ? page : { ...page, after: book.pricedTo });
    const followers = listed.filter((device) => device.followsBook && device.state !== 'removed');
    read.track(followers);
    const last = listed.length === devicesAtOnce ? listed.at(-1) : undefined;
    return { writes: repriceSome(book, followers, last ? cursorOf(last) : null), value: undefined };
  });
}
