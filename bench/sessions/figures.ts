// A server's own figures, told to the bench when it asks: memory after a collection, and processor time.

export function tellFigures(): void {
  process.on('message', () => {
    const collect = (globalThis as { gc?: () => void }).gc;
    collect?.();
    collect?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send?.({ rssBytes: rss, heapBytes: heapUsed + external, cpuMs: (user + system) / 1_000 });
  });
}
