// The route table: every HTTP route once. Control serves it, the client is typed by it.
import { Type, type Static, type TSchema } from 'typebox';
import { AccountViewSchema, ActivityViewSchema, KeyViewSchema, NewAccountSchema, NewKeySchema, type Scope } from './identity.ts';
import { DeviceViewSchema, EnrolmentSchema, EnrolmentViewSchema, PricesSchema } from './fleet.ts';
import { DemandSchema, OfferViewSchema, QuoteAnswerSchema } from './market.ts';
import { ClusterViewSchema, EventSchema, JobViewSchema, NewClusterSchema, NewJobSchema } from './cluster.ts';
import { BalanceSchema, EntryViewSchema, MinuteViewSchema, ReceiptSchema } from './ledger.ts';
import { idSchema } from './ids.ts';
import { AmountSchema, CurrencySchema } from './money.ts';
import { HexSchema, NameSchema, PublicKeySchema, RecipientSchema, TextSchema, strict } from './schema.ts';

/** Who may call: `open` anyone, `device` a device by its signature, else a key with that scope. */
export type Access = 'open' | 'device' | Scope;
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly access: Access;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly answer: TSchema;
  /** `json` unless bytes go in or out, or events stream out (server-sent events of `answer`). */
  readonly form?: 'bytes-in' | 'bytes-out' | 'events';
}

const page = strict({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(Type.String({ maxLength: 200 })),
});
const listOf = <T extends TSchema>(item: T) => strict({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });
const clusterParams = strict({ cluster: idSchema('clu') });
const deviceParams = strict({ device: idSchema('dev') });
const jobParams = strict({ job: idSchema('job') });
const segmentParams = strict({ job: idSchema('job'), segment: Type.Integer({ minimum: 0, maximum: 99_999 }) });
const nothing = strict({});

export const routes = {
  'network.show': {
    method: 'GET',
    path: '/v1/network',
    access: 'open',
    answer: strict({
      name: NameSchema,
      version: TextSchema,
      publicKey: PublicKeySchema,
      policy: HexSchema,
      policyName: NameSchema,
      currency: CurrencySchema,
      notice: TextSchema,
      now: Type.Integer(),
    }),
  },
  'account.create': {
    method: 'POST',
    path: '/v1/accounts',
    access: 'operate',
    body: NewAccountSchema,
    answer: strict({ account: AccountViewSchema, key: KeyViewSchema }),
  },
  'account.show': { method: 'GET', path: '/v1/account', access: 'read', answer: AccountViewSchema },
  'account.recipient': {
    method: 'PUT',
    path: '/v1/account/recipient',
    access: 'rent',
    body: strict({ recipient: RecipientSchema }),
    answer: AccountViewSchema,
  },
  'key.create': { method: 'POST', path: '/v1/keys', access: 'admin', body: NewKeySchema, answer: KeyViewSchema },
  'key.list': { method: 'GET', path: '/v1/keys', access: 'read', query: page, answer: listOf(KeyViewSchema) },
  'key.revoke': {
    method: 'POST',
    path: '/v1/keys/:key/revoke',
    access: 'admin',
    params: strict({ key: idSchema('key') }),
    body: nothing,
    answer: KeyViewSchema,
  },
  'activity.list': { method: 'GET', path: '/v1/activity', access: 'read', query: page, answer: listOf(ActivityViewSchema) },
  'enrolment.create': { method: 'POST', path: '/v1/enrolments', access: 'open', body: EnrolmentSchema, answer: EnrolmentViewSchema },
  'enrolment.show': {
    method: 'GET',
    path: '/v1/enrolments/:code',
    access: 'open',
    params: strict({ code: Type.String({ pattern: '^[A-Z2-9]{4}-[A-Z2-9]{4}$' }) }),
    answer: EnrolmentViewSchema,
  },
  'device.approve': {
    method: 'POST',
    path: '/v1/devices',
    access: 'supply',
    body: strict({
      code: Type.String({ pattern: '^[A-Z2-9]{4}-[A-Z2-9]{4}$' }),
      region: Type.Optional(NameSchema),
      prices: Type.Optional(PricesSchema),
    }),
    answer: DeviceViewSchema,
  },
  'device.list': { method: 'GET', path: '/v1/devices', access: 'read', query: page, answer: listOf(DeviceViewSchema) },
  'device.show': { method: 'GET', path: '/v1/devices/:device', access: 'read', params: deviceParams, answer: DeviceViewSchema },
  'device.region': {
    method: 'POST',
    path: '/v1/devices/:device/region',
    access: 'supply',
    params: deviceParams,
    body: strict({ region: NameSchema }),
    answer: DeviceViewSchema,
  },
  'device.drain': {
    method: 'POST',
    path: '/v1/devices/:device/drain',
    access: 'supply',
    params: deviceParams,
    body: nothing,
    answer: DeviceViewSchema,
  },
  'device.resume': {
    method: 'POST',
    path: '/v1/devices/:device/resume',
    access: 'supply',
    params: deviceParams,
    body: nothing,
    answer: DeviceViewSchema,
  },
  'device.remove': {
    method: 'POST',
    path: '/v1/devices/:device/remove',
    access: 'supply',
    params: deviceParams,
    body: nothing,
    answer: DeviceViewSchema,
  },
  'device.price': {
    method: 'POST',
    path: '/v1/devices/:device/prices',
    access: 'supply',
    params: deviceParams,
    body: PricesSchema,
    answer: DeviceViewSchema,
  },
  'offer.list': { method: 'GET', path: '/v1/offers', access: 'read', query: page, answer: listOf(OfferViewSchema) },
  'quote.create': { method: 'POST', path: '/v1/quotes', access: 'rent', body: DemandSchema, answer: QuoteAnswerSchema },
  'cluster.create': { method: 'POST', path: '/v1/clusters', access: 'rent', body: NewClusterSchema, answer: ClusterViewSchema },
  'cluster.list': { method: 'GET', path: '/v1/clusters', access: 'read', query: page, answer: listOf(ClusterViewSchema) },
  'cluster.show': { method: 'GET', path: '/v1/clusters/:cluster', access: 'read', params: clusterParams, answer: ClusterViewSchema },
  'cluster.end': {
    method: 'POST',
    path: '/v1/clusters/:cluster/end',
    access: 'rent',
    params: clusterParams,
    body: nothing,
    answer: ClusterViewSchema,
  },
  'cluster.events': {
    method: 'GET',
    path: '/v1/clusters/:cluster/events',
    access: 'read',
    params: clusterParams,
    query: strict({ after: Type.Optional(Type.Integer({ minimum: 0 })), follow: Type.Optional(Type.Boolean()) }),
    answer: EventSchema,
    form: 'events',
  },
  'cluster.minutes': {
    method: 'GET',
    path: '/v1/leases/:lease/minutes',
    access: 'read',
    params: strict({ lease: idSchema('lea') }),
    query: page,
    answer: listOf(MinuteViewSchema),
  },
  'receipt.show': { method: 'GET', path: '/v1/clusters/:cluster/receipt', access: 'read', params: clusterParams, answer: ReceiptSchema },
  'job.submit': {
    method: 'POST',
    path: '/v1/clusters/:cluster/jobs',
    access: 'rent',
    params: clusterParams,
    body: NewJobSchema,
    answer: JobViewSchema,
  },
  'job.list': {
    method: 'GET',
    path: '/v1/clusters/:cluster/jobs',
    access: 'read',
    params: clusterParams,
    query: page,
    answer: listOf(JobViewSchema),
  },
  'job.show': { method: 'GET', path: '/v1/jobs/:job', access: 'read', params: jobParams, answer: JobViewSchema },
  'job.stop': { method: 'POST', path: '/v1/jobs/:job/stop', access: 'rent', params: jobParams, body: nothing, answer: JobViewSchema },
  'job.log': {
    method: 'GET',
    path: '/v1/jobs/:job/logs/:segment',
    access: 'read',
    params: segmentParams,
    answer: Type.Any(),
    form: 'bytes-out',
  },
  'blob.put': {
    method: 'PUT',
    path: '/v1/blobs/:blob',
    access: 'rent',
    params: strict({ blob: HexSchema }),
    answer: strict({ blob: HexSchema, bytes: Type.Integer() }),
    form: 'bytes-in',
  },
  'balance.show': { method: 'GET', path: '/v1/balance', access: 'read', answer: BalanceSchema },
  'entry.list': { method: 'GET', path: '/v1/entries', access: 'read', query: page, answer: listOf(EntryViewSchema) },
  'faucet.draw': { method: 'POST', path: '/v1/faucet', access: 'rent', body: strict({ amountMicro: AmountSchema }), answer: BalanceSchema },
  'device.blob': {
    method: 'GET',
    path: '/v1/device/blobs/:blob',
    access: 'device',
    params: strict({ blob: HexSchema }),
    answer: Type.Any(),
    form: 'bytes-out',
  },
  'device.log': {
    method: 'PUT',
    path: '/v1/device/jobs/:job/logs/:segment',
    access: 'device',
    params: segmentParams,
    answer: strict({ bytes: Type.Integer() }),
    form: 'bytes-in',
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
type Part<N extends RouteName, K extends 'params' | 'query' | 'body'> = (typeof routes)[N] extends {
  readonly [P in K]: infer S extends TSchema;
}
  ? Static<S>
  : undefined;
export type ParamsOf<N extends RouteName> = Part<N, 'params'>;
export type QueryOf<N extends RouteName> = Part<N, 'query'>;
export type BodyOf<N extends RouteName> = Part<N, 'body'>;
export type AnswerOf<N extends RouteName> = Static<(typeof routes)[N]['answer']>;

/** WebSockets beside the table: the device's session, the device's tunnel, the client's tunnel. */
export const sockets = { link: '/v1/link', deviceTunnel: '/v1/device/tunnel', clientTunnel: '/v1/tunnel' } as const;
