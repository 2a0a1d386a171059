// A device as people read it. Pure.
import { formatAmount, type DeviceView } from '@iog/protocol';
import { countOf, formatBytes, formatCores, formatInstant, pairs, table, waitReason } from '../terminal/format.ts';

export function deviceText(device: DeviceView): string {
  const { units, free, prices, proof } = device;
  return pairs([
    ['device', device.id],
    ['name', device.name],
    [
      'state',
      `${device.state}${device.connected ? ', connected' : ', not connected'}${device.waitsFor === '' ? '' : `, ${device.waitsFor}`}`,
    ],
    ['region', device.region],
    ['runtime', `${device.runtime} (${device.isolation})`],
    ['cores', `${formatCores(units.cores)}, free ${free === null ? 'none' : formatCores(free.cores) || 'none'}`],
    ['memory', `${formatBytes(units.memoryBytes)}, free ${formatBytes(free?.memoryBytes ?? 0)}`],
    ['gpus', units.gpus.map(({ model }) => model).join(', ') || 'none'],
    ['core price', `${formatAmount(BigInt(prices.coreMicro))} an hour`],
    ['memory price', `${formatAmount(BigInt(prices.memoryGbMicro))} an hour and GB`],
    ...Object.entries(prices.gpuMicro).map(([model, micro]) => [`gpu price`, `${model} ${formatAmount(BigInt(micro))} an hour`] as const),
    [
      'capacity proof',
      proof === null
        ? 'none'
        : `${countOf(proof.threads, 'thread')} in ${proof.tookMs} ms, holds until ${formatInstant(proof.expiresAt)} (${proof.basis})`,
    ],
    ['uptime', uptimeText(device.uptime)],
    ['reputation', device.reputation.toFixed(3)],
    ['leases', device.leases.join(', ') || 'none'],
    ['last seen', formatInstant(device.lastSeenAt)],
  ]);
}

function uptimeText(uptime: DeviceView['uptime']): string {
  if (!uptime) return 'not observed yet';
  const { share, upMinutes, observedMinutes, days } = uptime;
  return `${(100 * share).toFixed(1)} %: connected in ${upMinutes} of ${observedMinutes} minutes that control observed in ${days} days`;
}

export function deviceTable(devices: readonly DeviceView[]): string {
  if (devices.length === 0) return 'No devices. Enrol one: `iog worker join`.';
  const rows = devices.map(({ id, name, state, connected, units, leases, waitsFor }) => [
    id,
    name,
    connected ? state : `${state}, away`,
    formatCores(units.cores),
    formatBytes(units.memoryBytes),
    String(units.gpus.length),
    String(leases.length),
    waitReason(waitsFor),
  ]);
  return table(['device', 'name', 'state', 'cores', 'memory', 'gpus', 'leases', 'waits for'], rows, [4, 5, 6]);
}
