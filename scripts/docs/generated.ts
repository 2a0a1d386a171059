// Every document that is made of the code, and its text.
import { openApi } from '@iog/protocol';
import { cliReference } from './cli.ts';
import { problemsPage } from './problems.ts';
import { apiReference } from './reference.ts';

/** Its path from the root, and what it must hold. */
export function generated(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/openapi.json', `${JSON.stringify(openApi(), undefined, 1)}\n`],
    ['docs/api-reference.md', apiReference()],
    ['docs/problems.md', problemsPage()],
    ['docs/cli.md', cliReference()],
  ]);
}
