// The point at which this process dies. Set by the harness over IPC; passed by the modules beside this one, which stand for the product's.
import type { Arm, Point } from '../points.ts';

let armed: { readonly point: Point; left: number } | undefined;

/** Listens for what the harness arms; ends this process when the harness is gone. */
export function beMortal(): void {
  process.on('message', (message: { readonly arm?: Arm }) => {
    if (message.arm !== undefined) armed = { point: message.arm.point, left: message.arm.times };
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

/** Whether this passing of the point is the one at which the process dies. */
export function isLast(point: Point): boolean {
  return armed?.point === point && --armed.left <= 0;
}

export function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a process that was killed goes on');
}

export function pass(point: Point): void {
  if (isLast(point)) die();
}
