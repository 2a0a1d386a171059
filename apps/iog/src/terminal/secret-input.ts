// A secret that is typed or piped in: never shown, never an argument.
import type { ReadStream } from 'node:tty';
import { UserError } from '../failure.ts';

const mostBytes = 4_096;

/** The first line of `input`. At a terminal `ask` is said and nothing of what is typed is shown. Throws UserError for none, or when it is left by Ctrl-C. */
export async function readSecret(ask: (prompt: string) => void, prompt: string, input: ReadStream = process.stdin): Promise<string> {
  const isTyped = input.isTTY;
  if (isTyped) {
    ask(prompt);
    input.setRawMode(true);
  }
  try {
    return (await firstLine(input, isTyped)).trim();
  } finally {
    if (isTyped) input.setRawMode(false);
    input.pause();
  }
}

async function firstLine(input: ReadStream, isTyped: boolean): Promise<string> {
  let line = '';
  for await (const chunk of input.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    for (const character of chunk.toString()) {
      if (character === '\n' || character === '\r' || (isTyped && character === '\u0004')) return line;
      if (isTyped && character === '\u0003') throw new UserError('It was left by Ctrl-C.', 'Nothing was changed.');
      if (isTyped && (character === '\b' || character === '\u007f')) line = line.slice(0, -1);
      else line += character;
      if (line.length > mostBytes) throw new UserError('That is too long for a secret.', 'Give the secret alone, on one line.');
    }
  }
  return line;
}
