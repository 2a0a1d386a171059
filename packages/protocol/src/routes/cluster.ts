// cluster over HTTP: renting, the story, the minutes and the bill.
import { Type } from 'typebox';
import { clusterStates, ClusterViewSchema, EventSchema, ExtensionSchema, NewClusterSchema } from '../cluster.ts';
import { MinuteViewSchema, ReceiptSchema } from '../ledger.ts';
import { idSchema } from '../ids.ts';
import { oneOf, strict } from '../schema.ts';
import { type Route, clusterParams, listOf, nothing, page, pageWith } from './route.ts';

export const clusterRoutes = {
  'cluster.create': {
    summary: 'Rents a cluster on the terms of a quote',
    method: 'POST',
    path: '/v1/clusters',
    access: 'rent',
    body: NewClusterSchema,
    answer: ClusterViewSchema,
    errors: [
      'quote.expired',
      'quote.altered',
      'quote.foreign',
      'device.gone',
      'device.removed',
      'units.taken',
      'secrets.mismatch',
      'balance.short',
      'key.spend-cap',
    ],
  },
  'cluster.list': {
    summary: 'The clusters of the account, newest first',
    method: 'GET',
    path: '/v1/clusters',
    access: 'read',
    query: pageWith({ state: Type.Optional(oneOf(clusterStates)) }),
    answer: listOf(ClusterViewSchema),
  },
  'cluster.show': {
    summary: 'One cluster with its leases',
    method: 'GET',
    path: '/v1/clusters/:cluster',
    access: 'read',
    params: clusterParams,
    answer: ClusterViewSchema,
    errors: ['not-found'],
  },
  'cluster.end': {
    summary: 'Ends a cluster: what was not used is refunded',
    method: 'POST',
    path: '/v1/clusters/:cluster/end',
    access: 'rent',
    params: clusterParams,
    body: nothing,
    answer: ClusterViewSchema,
    errors: ['not-found'],
  },
  'cluster.extend': {
    summary: 'Moves the end of a cluster, and adds what that costs to its hold',
    method: 'POST',
    path: '/v1/clusters/:cluster/extend',
    access: 'rent',
    params: clusterParams,
    body: ExtensionSchema,
    answer: ClusterViewSchema,
    errors: ['not-found', 'request.refused', 'cluster.state', 'balance.short', 'key.spend-cap', 'key.other'],
  },
  'cluster.events': {
    summary: 'The story of a cluster as server-sent events, resumable by Last-Event-ID',
    method: 'GET',
    path: '/v1/clusters/:cluster/events',
    access: 'read',
    params: clusterParams,
    query: strict({ after: Type.Optional(Type.Integer({ minimum: 0 })), follow: Type.Optional(Type.Boolean()) }),
    answer: EventSchema,
    form: 'events',
    errors: ['not-found'],
  },
  'cluster.minutes': {
    summary: 'The minutes of a lease, each with its verdict',
    method: 'GET',
    path: '/v1/leases/:lease/minutes',
    access: 'read',
    params: strict({ lease: idSchema('lea') }),
    query: page,
    answer: listOf(MinuteViewSchema),
    errors: ['not-found'],
  },
  'receipt.show': {
    summary: 'The signed bill of an ended cluster',
    method: 'GET',
    path: '/v1/clusters/:cluster/receipt',
    access: 'read',
    params: clusterParams,
    answer: ReceiptSchema,
    errors: ['not-found', 'receipt.open'],
  },
} as const satisfies Record<string, Route>;
