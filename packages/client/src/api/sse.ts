// Server-sent events: bytes in any pieces → messages. Follows the WHATWG rules for lines; `retry` is ignored.
import { StringDecoder } from 'node:string_decoder';

export interface SseMessage {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

const maxMessageLength = 1_000_000;

/** A parser for one connection: each `push` gives the messages that became whole with it. */
export function sseParser(): { push(chunk: Uint8Array): SseMessage[] } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let started = false;
  let fields = { event: '', id: '', data: [] as string[] };

  function line(text: string, out: SseMessage[]): void {
    if (text === '') {
      if (fields.data.length > 0) out.push({ event: fields.event || 'message', id: fields.id, data: fields.data.join('\n') });
      fields = { event: '', id: fields.id, data: [] };
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') fields.data.push(value);
    else if (name === 'event') fields.event = value;
    else if (name === 'id') fields.id = value;
  }

  return {
    push(chunk) {
      rest += decoder.write(Buffer.from(chunk));
      if (!started && rest.length > 0) {
        started = true;
        rest = rest.replace(/^\uFEFF/, '');
      }
      if (rest.length > maxMessageLength) throw new Error('an event is longer than 1 MB');
      const out: SseMessage[] = [];
      for (;;) {
        const end = /\r\n|\n|\r/.exec(rest);
        // A CR at the very end may be the first half of CRLF: wait for what follows.
        if (!end || (end[0] === '\r' && end.index === rest.length - 1)) return out;
        line(rest.slice(0, end.index), out);
        rest = rest.slice(end.index + end[0].length);
      }
    },
  };
}
