// A law that code itself must keep. Breaking one is a bug, never something that a caller caused: the process stops.

/** Thrown where a law does not hold. Not to be caught and carried on from. */
export class BrokenLaw extends Error {
  override readonly name = 'BrokenLaw';
}

/** `law` says what should have held, with the numbers that show that it does not. */
export function assertLaw(holds: boolean, law: string): asserts holds {
  if (!holds) throw new BrokenLaw(law);
}
