// docs/problems.md: every code of the error table, with what it means, what its context holds, and what to do.
import { type ErrorCode, type Route, contextFields, errors, errorsOf, routes } from '@iog/protocol';
import { made } from './made.ts';

export function problemsPage(): string {
  const codes = Object.keys(errors) as ErrorCode[];
  return `${made}
# Problems

Every problem is an RFC 9457 document, \`application/problem+json\`. \`code\` says which one it is, and stays; \`detail\` and \`next\` are for
people, and their wording may change; \`context\` has the values that they are filled with; \`type\` is the path of a page of the network about
the code. Codes are only added: one is never removed, nor given another meaning.

${codes.map(section).join('\n')}`;
}

function section(code: ErrorCode): string {
  const { status, sentence, next } = errors[code];
  const fields = contextFields(code).map((field) => `\`${field}\``);
  const names = (Object.entries(routes) as [string, Route][]).filter(([, route]) => errorsOf(route).includes(code)).map(([name]) => name);
  return `## ${code}

${status}. ${sentence}

- Next: ${next}
${fields.length > 0 ? `- Context: ${fields.join(', ')}\n` : ''}- Routes: ${named(names)}
`;
}

function named(names: readonly string[]): string {
  if (names.length === 0) return 'none; it is said on the link, at the edge of HTTP, or by the command';
  return names.length > 12 ? `${names.length} of ${Object.keys(routes).length}` : names.map((name) => `\`${name}\``).join(', ');
}
