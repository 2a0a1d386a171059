// How a job hands back a value: the last line of its log that starts with IOG_RESULT, followed by JSON.

const mark = 'IOG_RESULT ';

/** The value of the last such line that is valid JSON; undefined if there is none. Ray's colours and prefixes are no part of it. */
export function resultIn(log: string): unknown {
  for (const line of log.split(/\r?\n/).toReversed()) {
    if (!line.startsWith(mark)) continue;
    try {
      return JSON.parse(line.slice(mark.length)) as unknown;
    } catch {
      // A line cut in half, or a program's own text: an earlier one may do.
    }
  }
  return undefined;
}
