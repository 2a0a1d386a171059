// The command `iog`. Nothing but composition: real environment, real terminal, the table of commands.
import { cli } from './cli.ts';
import { commands } from './commands/table.ts';
import { environment } from './environment.ts';
import { terminal } from './terminal/terminal.ts';

const exitCode = await cli(process.argv.slice(2), { commands, environment, terminal });
await terminal(false).drained();
process.exit(exitCode);
