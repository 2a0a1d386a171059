// The face of @iog/app: the command line as a function, for whatever composes it anew.
export { cli, type CliPorts } from './cli.ts';
export { commands } from './commands/table.ts';
export { helpOf, helpOfAll } from './help.ts';
export { environment, type Environment } from './environment.ts';
export { terminal, type Terminal } from './terminal/terminal.ts';
