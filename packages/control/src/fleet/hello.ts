// Whether a hello opens a session: signed by the key of a device that is enrolled here, over this session's challenge.
import type { Rejection, ToControl } from '@iog/protocol';
import type { DeviceRow } from '@iog/core';
import { canonical, verify } from '@iog/seal';

export function checkHello(
  device: DeviceRow | undefined,
  hello: Extract<ToControl, { type: 'hello' }>,
  nonce: string,
  network: string,
): Rejection | undefined {
  if (!device) return { code: 'device.unknown', context: { device: hello.device } };
  const signed = canonical({ nonce, network, device: hello.device, bootId: hello.bootId });
  if (!verify(device.publicKey, 'hello', signed, hello.signature)) return { code: 'device.signature', context: {} };
  if (device.state === 'removed') return { code: 'device.removed', context: { device: device.id } };
  return undefined;
}
