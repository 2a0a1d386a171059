// The one, append-only table of errors: code → HTTP status, sentence, next step. A Rejection is a value that names one of them.

export type ErrorContext = Readonly<Record<string, string | number>>;
export interface Rejection {
  readonly code: ErrorCode;
  readonly context: ErrorContext;
}

interface ErrorRow {
  readonly status: number;
  readonly sentence: string;
  readonly next: string;
}

/**
 * `{name}` in a sentence is filled from the context; an amount (`…Micro`) is told in the context's `currency`, and `{list}` by its `noun`.
 * Codes are never removed or given another meaning.
 */
export const errors = {
  'request.malformed': {
    status: 400,
    sentence: 'The request is not valid: {detail}.',
    next: 'Correct the named field; `iog <command> --help` shows what each takes.',
  },
  'request.too-large': { status: 413, sentence: 'The request is larger than {limit} bytes.', next: 'Send less at once.' },
  'request.rate-limited': {
    status: 429,
    sentence: 'Too many requests: the limit "{limit}" is {quota} a minute.',
    next: 'Wait {seconds} s and try again.',
  },
  'route.unknown': { status: 404, sentence: 'There is no {method} {path}.', next: 'See /v1/openapi.json.' },
  'idempotency.missing': {
    status: 400,
    sentence: 'This request changes state and carries no Idempotency-Key.',
    next: 'Send a fresh random Idempotency-Key header; repeat it on retries.',
  },
  'idempotency.mismatch': {
    status: 409,
    sentence: 'This Idempotency-Key was used before with another request.',
    next: 'Use a new key for a new request.',
  },
  'key.missing': { status: 401, sentence: 'No API key was given.', next: 'Set IOG_KEY, or run where `iog up` has written one.' },
  'key.unknown': { status: 401, sentence: 'This API key is not known here.', next: 'Check the key and the address of the network.' },
  'key.expired': {
    status: 401,
    sentence: 'This API key expired.',
    next: 'Make another with a key that has the scope admin: `iog key create`.',
  },
  'key.revoked': {
    status: 401,
    sentence: 'This API key was revoked.',
    next: 'Make another with a key that has the scope admin: `iog key create`.',
  },
  'key.scope': {
    status: 403,
    sentence: 'This API key lacks the scope {scope}.',
    next: 'Use a key that has it: `iog key create --scope {scope}`.',
  },
  'key.spend-cap': {
    status: 403,
    sentence: 'This key may spend {capMicro} in all and {spentMicro} are spent or held; {needsMicro} more would pass it.',
    next: 'Use another key, or a lower --cap or a shorter --for: a cluster holds its cap.',
  },
  'not-found': { status: 404, sentence: 'There is no {noun} {id} in this account.', next: 'See what there is: `{list}`.' },
  'enrolment.unknown': {
    status: 404,
    sentence: 'No device waits under the code {code}.',
    next: 'Run `iog worker join` again; a code lives ten minutes.',
  },
  'enrolment.approved': {
    status: 409,
    sentence: 'The code {code} was approved already: it is the device {device}.',
    next: 'See `iog device show {device}`; what it costs and where it stands: `iog device price {device}`, `iog device region {device} <region>`.',
  },
  'enrolment.invalid': {
    status: 403,
    sentence: 'The enrolment is not signed by the device it names.',
    next: "Run `iog worker join` with the device's own key.",
  },
  'enrolment.full': {
    status: 429,
    sentence: 'There are {waiting} devices waiting for approval, the most there may be {whom}.',
    next: 'Approve those that wait, or run `iog worker join` again in some minutes: a code lives ten.',
  },
  'device.unknown': { status: 403, sentence: 'The device {device} is not enrolled here.', next: 'Enrol it: `iog worker join`.' },
  'device.removed': { status: 409, sentence: 'The device {device} was removed.', next: 'Enrol it anew: `iog worker join`.' },
  'device.signature': {
    status: 401,
    sentence: "The device's signature does not hold.",
    next: "Check the device's key; its clock may be wrong by more than five minutes.",
  },
  'device.busy': {
    status: 409,
    sentence: 'The device {device} still holds {leases} leases.',
    next: 'Drain it first: `iog device drain {device}`. It is free {free}.',
  },
  'device.overlap': {
    status: 409,
    sentence: 'The device {device} ({name}) of the host {host} offers the cores {cores} already: they would be sold twice.',
    next: 'Join with other cores (`iog worker join --cores <list>`), remove {device} first, or say that they compete: `iog worker join --share-cores`.',
  },
  'device.state': { status: 409, sentence: 'The device {device} is {state}.', next: 'See `iog device list`.' },
  'quote.expired': { status: 409, sentence: 'The quote expired {agoMs} ms ago.', next: 'Ask for a new one: `iog quote`.' },
  'quote.altered': {
    status: 409,
    sentence: "The quote does not carry this network's signature.",
    next: 'Send the quote exactly as it was given.',
  },
  'quote.foreign': { status: 403, sentence: 'The quote was made for another account.', next: 'Ask for your own: `iog quote`.' },
  'quote.empty': { status: 409, sentence: 'Nothing on offer fits: {reason}.', next: 'Loosen the filter that is named.' },
  'device.gone': {
    status: 409,
    sentence: 'The device {device} of the quote is no longer available: {reason}.',
    next: 'Ask for a new quote.',
  },
  'units.taken': { status: 409, sentence: 'The quoted units of {device} were taken meanwhile.', next: 'Ask for a new quote.' },
  'secrets.mismatch': {
    status: 409,
    sentence: "The cluster's secret is not sealed to exactly the devices of the quote.",
    next: 'Seal it to each device that the quote names.',
  },
  'balance.short': {
    status: 402,
    sentence: 'The balance is {hasMicro} and {needsMicro} are needed.',
    next: "Add funds, or shorten the time: the hold is the cluster's cap.",
  },
  'cluster.state': { status: 409, sentence: 'The cluster {cluster} is {state}.', next: 'See `iog cluster show {cluster}`.' },
  'cluster.full': { status: 409, sentence: 'The cluster {cluster} has {jobs} jobs, the most there may be.', next: 'Rent another cluster.' },
  'job.state': { status: 409, sentence: 'The job {job} is {state}.', next: 'See `iog job show {job}`.' },
  'lease.stale': {
    status: 409,
    sentence: 'The generation {has} of lease {lease} is older than {needs}.',
    next: 'Nothing: the newer assignment holds.',
  },
  'session.stale': { status: 409, sentence: 'The session epoch {has} is older than {needs}.', next: 'Nothing: the newer session holds.' },
  'session.displaced': {
    status: 409,
    sentence: 'Another worker of this device took the session over.',
    next: 'Stop one of the two: a device has one worker, and its folder belongs to one machine.',
  },
  'token.unknown': {
    status: 401,
    sentence: 'This join token is not known here.',
    next: 'Check the token file and the address of the network; tokens there are: `iog device tokens`.',
  },
  'token.closed': { status: 403, sentence: 'The join token {token} is {state}.', next: 'Make another: `iog device tokens create`.' },
  'token.used': {
    status: 409,
    sentence: 'The join token {token} has let in {most} devices, all that it may.',
    next: 'Make another: `iog device tokens create --count <n>`.',
  },
  'session.flooded': {
    status: 429,
    sentence:
      'The device says more than it may, or faster than it is taken in: {perSecond} messages a second, after a burst; a large one counts as several.',
    next: 'Stop what floods its session; a worker of this network does not.',
  },
  'blob.too-large': {
    status: 413,
    sentence: 'The blob is larger than {limit} bytes.',
    next: 'Send less, or fetch the data inside the job.',
  },
  'blob.unknown': { status: 404, sentence: 'There is no blob {blob}.', next: 'Upload it first.' },
  'blob.quota': {
    status: 409,
    sentence: 'The account has {usedBytes} bytes stored and may have {limitBytes}; {needsBytes} more would pass that.',
    next: 'Wait: what no cluster needs any more is removed in time. Or fetch the data inside the job.',
  },
  'blob.uploads': {
    status: 429,
    sentence: 'There are {uploads} uploads under way, the most there may be at once for {whom}.',
    next: 'Let one end, and try again; nothing was changed.',
  },
  'faucet.closed': { status: 403, sentence: 'This network gives no test money.', next: 'Deposit instead.' },
  'faucet.limit': {
    status: 409,
    sentence: 'The faucet gives at most {limitMicro} to an account.',
    next: 'Spend what you have.',
  },
  'link.version': {
    status: 426,
    sentence: 'This worker speaks the link versions {has}; control speaks {needs}.',
    next: 'Upgrade the worker.',
  },
  'link.malformed': { status: 400, sentence: 'The link message is not valid: {detail}.', next: 'Upgrade the worker.' },
  'policy.runtime': {
    status: 409,
    sentence: 'The runtime {runtime} is refused by the policy {policy}.',
    next: 'Run it in a network of the policy `laptop`, on your own machine.',
  },
  'control.unavailable': { status: 503, sentence: 'Control cannot answer now: {detail}.', next: 'Try again; nothing was changed.' },
  'control.bug': { status: 500, sentence: 'Control made an error of its own (request {request}).', next: 'Report it with the request id.' },
  'receipt.open': {
    status: 409,
    sentence: 'The cluster {cluster} is {state}: its receipt is issued when all leases are settled.',
    next: 'End it: `iog cluster end {cluster}`.',
  },
  'control.busy': {
    status: 503,
    sentence: 'Control has more to do than it can; what lives goes first.',
    next: 'Wait {seconds} s and try again; nothing was changed.',
  },
  'control.stopping': { status: 503, sentence: 'Control is ending.', next: 'Try again when it is back; nothing was changed.' },
  'member.not-owner': {
    status: 403,
    sentence: 'Only an owner of the account may do this, and this key belongs to a {role}.',
    next: 'Ask an owner: `iog member list`.',
  },
  'member.last-owner': {
    status: 409,
    sentence: 'The member {member} is the last owner of the account.',
    next: 'Make another member an owner first: `iog member role <member> owner`.',
  },
  'member.full': {
    status: 409,
    sentence: 'The account has {members} members, the most there may be.',
    next: 'Remove one first: `iog member remove <member>`.',
  },
  'invitation.unknown': {
    status: 404,
    sentence: 'There is no invitation with this secret here.',
    next: 'Check the secret and the address of the network, or ask for another invitation.',
  },
  'invitation.over': {
    status: 409,
    sentence: 'The invitation is over: {why}.',
    next: 'Ask an owner of the account for another: `iog invitation create`.',
  },
  'invitation.full': {
    status: 409,
    sentence: 'The account has made {invitations} invitations of late, the most there may be.',
    next: 'Wait: they are forgotten some time after their expiry.',
  },
  'request.refused': {
    status: 409,
    sentence: 'The request is well formed and cannot be done: {detail}.',
    next: 'Change what is named; nothing was changed.',
  },
  'cursor.foreign': {
    status: 409,
    sentence: 'This cursor was not given out by this list.',
    next: 'Ask for the first page without `after`, then pass `next` on as it is, with the same filters.',
  },
  'method.unknown': { status: 405, sentence: 'There is no {method} {path}; there is {allow}.', next: 'Use a method that is there.' },
  'request.headers-too-large': { status: 431, sentence: 'The headers of the request are too large.', next: 'Send shorter headers.' },
  'key.other': {
    status: 403,
    sentence: 'This key has a spend cap, and the cluster {cluster} was made with another key.',
    next: 'Extend it with the key that made it, or with one that has no spend cap.',
  },
  'connection.full': {
    status: 429,
    sentence: 'This account has {open} {what} open, the most there may be at once.',
    next: 'Close one, and try again.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errors;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errors, text);
}
