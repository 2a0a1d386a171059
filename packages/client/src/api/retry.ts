// How long to wait before asking again: as the network says, else longer each time; never all at once, for many may have been refused together.
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** `chance` in [0, 1). A told wait is never cut short, and at most a quarter longer; an own one is half to the whole of it. */
export function pauseBefore(tries: number, toldMs: number, chance: number): number {
  const ownMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries - 1, 10)) * (0.5 + chance / 2);
  return Math.max(ownMs, toldMs + chance * Math.min(toldMs / 4, longestPauseMs));
}

/** What the header Retry-After says, as seconds or as a date; 0 where it says nothing that is understood. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}
