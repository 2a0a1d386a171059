// market over HTTP: offers, and quotes that reserve and store nothing.
import type { Quote } from '@iog/protocol';
import { type DeviceRow, contradiction, offerView, place, quoteBody } from '@iog/core';
import { canonical } from '@iog/seal';
import { type ControlPorts, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { accountOf, answer, refuse } from '../command.ts';
import { pageOf } from '../paging.ts';

const devicesLooked = 1_000;

export function marketHandlers(ports: ControlPorts): Pick<Handlers, 'offer.list' | 'quote.create'> {
  const liveOf = (device: DeviceRow) => ({
    connected: ports.live.isConnected(device.id),
    rttMs: ports.live.seen(device.id)?.rttMs ?? null,
  });
  return {
    'offer.list': async (call) => {
      const listed = { kind: 'device', index: 'all' } as const;
      return answer(
        await pageOf(ports.store, listed, call.query, (device) => {
          const offer = offerView(device, liveOf(device), ports.clock.now(), ports.policy);
          return offer ? [offer] : [];
        }),
      );
    },
    'quote.create': async (call) => {
      const wrong = contradiction(call.body);
      if (wrong) return refuse(wrong);
      const now = ports.clock.now();
      const rows = await ports.store.query({ kind: 'device', index: 'all', limit: devicesLooked });
      const candidates = rows.map(({ row }) => ({ device: row as DeviceRow, ...liveOf(row as DeviceRow) }));
      const placement = place(candidates, call.body, now, ports.policy);
      const { filters, emptiedBy } = placement;
      if (placement.nodes === null) return answer({ quote: null, filters, emptiedBy });
      const body = quoteBody({
        id: newId(ports, 'quo'),
        account: accountOf(call),
        demand: call.body,
        placement,
        policy: ports.policy,
        policyHash: ports.policyHash,
        now,
      });
      if (!body.ok) return refuse(body.rejection);
      const quote: Quote = { ...body.value, signature: ports.key.sign('quote', canonical(body.value)) };
      return answer({ quote, filters, emptiedBy });
    },
  };
}
