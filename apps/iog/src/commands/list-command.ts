// What every command that lists has in common: no words after its name, all pages, one table.
import type { IogClient } from '@iog/client';
import { type Command, takesNothing } from '../command.ts';
import { withClient } from '../profile.ts';

export interface Listing<Item> extends Pick<Command, 'name' | 'summary' | 'examples'> {
  items(this: void, client: IogClient): Promise<readonly Item[]>;
  /** What people see of them; --json prints the items. */
  text(this: void, items: readonly Item[]): string;
}

export function listCommand<Item>({ items, text, ...told }: Listing<Item>): Command {
  return {
    ...takesNothing,
    ...told,
    options: {},
    async run({ environment, terminal }) {
      const found = await withClient(environment, items);
      terminal.result(found, text(found));
    },
  };
}
