// A worker's messages, checked before anybody acts on them. What a newer worker adds to one is let pass, and read by nobody.
import { Compile } from 'typebox/compile';
import { type ToControl, ToControlSchema } from '@iog/protocol';

const schema = Compile(ToControlSchema);

/** Undefined where the text is no message of the link. */
export function readMessage(text: string): ToControl | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return schema.Check(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
