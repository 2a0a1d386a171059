// market over HTTP: offers, and quotes that reserve and store nothing.
import type { Quote } from '@iog/protocol';
import { type DeviceRow, contradiction, marketSteps, offerView, place, quoteBody, relaxGroup } from '@iog/core';
import { canonical } from '@iog/seal';
import { newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { accountOf, answer, refuse } from '../command.ts';
import { pageOf } from '../paging.ts';
import type { Market, MarketPorts } from './market.ts';

export function marketHandlers(ports: MarketPorts): Pick<Handlers, 'offer.list' | 'quote.create'> {
  const { market } = ports;
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
      const { body: demand } = call;
      const wrong = contradiction(demand);
      if (wrong) return refuse(wrong);
      const now = ports.clock.now();
      const { found, candidates } = await market.look(demand, now);
      const placement = place(candidates, demand, now, ports.policy);
      const { filters, emptiedBy } = marketSteps(found, placement, demand, now, ports.policy);
      if (placement.nodes === null) {
        const ofGroup = emptiedBy ? relaxGroup(candidates, demand, emptiedBy, now, ports.policy) : [];
        const relaxed = [...ofGroup, ...market.index.relax(demand, found, now)];
        return answer({ quote: null, filters, emptiedBy, relaxed, ...(market.isWhole ? {} : { reading: readingText(market) }) });
      }
      const body = quoteBody({
        id: newId(ports, 'quo'),
        account: accountOf(call),
        demand,
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

function readingText({ index }: Market): string {
  return `control has just begun and still reads the market: ${index.size} devices so far; ask again in some seconds`;
}
