// docs/cli.md: the help of every command.
import { commands, helpOf, helpOfAll } from '@iog/app';
import { made } from './made.ts';

export function cliReference(): string {
  const sections = commands.map((command) => `## iog ${command.name}\n\n${block(helpOf(command))}`);
  return `${made}
# The command iog

What \`iog help\` and \`iog <command> --help\` print.

${block(helpOfAll(commands))}
${sections.join('\n')}`;
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\`\n`;
}
