// The figures that are asked for at each look: how late, how full, how many of what.
import type { Brain } from '../brain.ts';
import type { LagWatch } from '../http/lag-watch.ts';
import type { Traffic } from '../http/traffic.ts';
import type { ControlPorts } from '../ports.ts';
import { liveCounts } from './live-counts.ts';
import type { MeteredStore } from './metered-store.ts';
import type { PrometheusMeter } from './prometheus.ts';

export interface Looked {
  readonly mind: Brain;
  readonly store: MeteredStore;
  readonly crowd: Traffic;
  readonly lag: LagWatch;
}

export function declareGauges(meter: PrometheusMeter, ports: ControlPorts, { mind, store, crowd, lag }: Looked): void {
  meter.gauge(
    'event_loop_late_seconds',
    'How late the event loop is, standing: the least lateness of its last turns',
    () => lag.lagMs() / 1_000,
  );
  meter.gauge('requests_under_way', 'Requests that are being answered, streams apart', () => crowd.underWay());
  meter.gauge('commits_waiting', 'Commits that wait for the store', () => store.commitsWaiting());
  meter.gauge('sessions', 'Sessions of devices that are open', () => mind.hub.load().sessions);
  meter.gauge('session_messages_waiting', 'Messages of sessions that wait to be taken in', () => mind.hub.load().queued);
  const counts = liveCounts(ports);
  meter.gaugeBy('clusters', 'Clusters that have not ended, by state', 'state', async () => (await counts()).clusters);
  meter.gaugeBy('leases', 'Leases of clusters that have not ended, by state', 'state', async () => (await counts()).leases);
}
