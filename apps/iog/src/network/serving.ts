// The life of a command that serves until it is told to end: by a signal or, when supervised, by its supervisor's death.
import type { Terminal } from '../terminal/terminal.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const stopWithinMs = 30_000;

/** Resolves with the reason at the first SIGINT, SIGTERM or SIGHUP, or when stdin closes if `supervised`. Later signals are swallowed. */
export function untilToldToEnd(supervised: boolean): { told: Promise<string>; release(this: void): void } {
  const { promise: told, resolve: end } = Promise.withResolvers<string>();
  const handlers = signals.map((signal) => [signal, () => end(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const gone = (): void => end('the supervisor is gone');
  if (supervised) {
    process.stdin.on('end', gone).on('close', gone).on('error', gone);
    process.stdin.resume();
  }
  return {
    told,
    release() {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      if (supervised) process.stdin.destroy();
    },
  };
}

/**
 * Starts, greets, waits until told to end, stops within a bound. A start that fails greets with the failure when supervised. `over` is the
 * service's own end, for good: it is thrown once the service has stopped, and a supervisor is told that another start would be in vain.
 */
export async function serve<S extends { stop(): Promise<void> }>(
  { supervised, terminal }: { readonly supervised: boolean; readonly terminal: Terminal },
  start: () => Promise<S>,
  greet: (service: S) => { readonly value: object; readonly text: string },
  over?: Promise<Error>,
): Promise<void> {
  const { told, release } = untilToldToEnd(supervised);
  try {
    let service: S;
    try {
      service = await start();
    } catch (error) {
      if (supervised) tellFailure(error);
      throw error;
    }
    const { value, text } = greet(service);
    if (supervised || terminal.json) process.stdout.write(`${JSON.stringify(value)}\n`);
    else terminal.say(text);
    const end = await Promise.race([told, ...(over === undefined ? [] : [over])]);
    // A stop that hangs must not outlive its supervisor's patience.
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    await service.stop();
    if (!(end instanceof Error)) return;
    if (supervised) tellFailure(end, { isFinal: true });
    throw end;
  } finally {
    release();
  }
}

function tellFailure(error: unknown, { isFinal = false } = {}): void {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  process.stdout.write(`${JSON.stringify({ failed: { code: code ?? 'failed', message, isFinal } })}\n`);
}

/** A line of a service's log: JSON on stderr, dated. */
export function logLine(line: object): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
}
