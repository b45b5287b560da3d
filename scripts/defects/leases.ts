/** Taking out what is done against the defects of leases (L1–L16). */
import type { Removal } from './removal.js';

const lease = 'machines/lease.ts';
const registryContext = 'machines/registry-context.ts';
const flushFailures = 'machines/flush-failures.ts';
const writePlan = 'machines/write-plan.ts';
const etcdLease = 'src/etcd/lease.ts';
const link = 'src/etcd/link.ts';
const onEtcd = 'test/faults/defects-lease.test.ts';

export const leases: readonly Removal[] = [
  {
    defect: 'L1',
    what: 'does not write again what went with a lost lease',
    edits: [
      {
        file: registryContext,
        find: '...dirtied(context, isElsewhere),',
        replace:
          'registrations: context.registrations,\n    dirty: isElsewhere === undefined ? context.dirty : context.dirty,',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L2',
    what: 'forgets what is registered while there is no link',
    edits: [
      {
        file: registryContext,
        find: 'export function afterWishes(context: RegistryContext, entries: readonly DesiredEntry[]): Desired {',
        replace: `export function afterWishes(context: RegistryContext, entries: readonly DesiredEntry[]): Desired {
  if (context.epoch === null) return { registrations: context.registrations, dirty: context.dirty };`,
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L3',
    what: 'writes the id of the lease before as the value',
    edits: [
      {
        file: writePlan,
        find: "{ type: 'put', key, value, leased, onlyIfFree: repair, ...elsewhere }",
        replace:
          "{ type: 'put', key, value: value ?? registration.leaseId, leased, onlyIfFree: repair, ...elsewhere }",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L4',
    what: 'tries a write that was refused for its lease again under the same lease',
    edits: [
      {
        file: flushFailures,
        find: "if (failure.kind === 'leaseLost') {",
        replace:
          "if (failure.kind === 'leaseLost') return failedForNow(state, batch, failure);\n  if (batch === undefined) {",
      },
      {
        file: 'machines/registry-setup.ts',
        find: "if (outcome.type === 'failed' && outcome.failure.kind === 'leaseLost') {",
        replace: 'if (planned === undefined) {',
      },
      {
        file: 'machines/registry-publishing.ts',
        find: "target: '#registry.publishing.idle',\n                actions: ['tellLoss', 'forgetLease'],",
        replace: "target: '#registry.publishing.backingOff',",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L5',
    what: 'takes what is said about an earlier lease for its own',
    edits: [
      {
        file: 'machines/lease-setup.ts',
        find: '=> leaseId === context.leaseId,',
        replace: '=> leaseId !== undefined && context !== undefined,',
      },
    ],
    test: 'test/defects/lease.test.ts',
  },
  {
    defect: 'L7',
    what: 'renews only while nothing is being written',
    edits: [
      {
        file: link,
        find: 'readonly reads: Gate = new Gate(readLimit);',
        replace: 'readonly reads: Gate = new Gate(readLimit);\n  writing = 0;',
      },
      {
        file: 'src/etcd/writes.ts',
        find: 'const outcome = await write(links, input, batch, abort.signal);',
        replace: `const busy = links.current();
        busy.writing += 1;
        const outcome = await write(links, input, batch, abort.signal);
        busy.writing -= 1;`,
      },
      {
        file: etcdLease,
        find: 'return request<LeaseAnswer, { readonly leaseId: string }>(({ input }) =>\n    links.current().keepAlives.renew(input.leaseId),\n  );',
        replace: `return request<LeaseAnswer, { readonly leaseId: string }>(async ({ input }) => {
    while (links.current().writing > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    return links.current().keepAlives.renew(input.leaseId);
  });`,
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L8',
    what: 'gives its lease up with the link',
    edits: [
      {
        file: lease,
        find: `  initial: 'resting',
  on: {
    'connection.up': { target: '.asking', actions: { type: 'rememberLink', params: ({ event }) => event } },
    'connection.down': { target: '.waiting', actions: 'forgetLink' },`,
        replace: `  initial: 'resting',
  on: {
    'connection.up': { target: '.asking', actions: { type: 'rememberLink', params: ({ event }) => event } },
    'connection.down': { target: '#lease.expired', actions: 'forgetLink' },`,
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L9',
    what: "lets a handler's error through to whoever tells the event",
    edits: [
      {
        file: 'src/announcer.ts',
        find: '#guard(name: Name, handler: Handler): Handler {',
        replace:
          '#guard(name: Name, handler: Handler): Handler {\n    if (name !== undefined) return handler;',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L10',
    what: 'takes what is being withdrawn for registered when it has a new lease',
    edits: [
      {
        file: 'machines/registration.ts',
        find: "if (known.state === 'withdrawing') return known;",
        replace: '',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L11',
    what: 'withdraws without overtaking a write of unknown outcome',
    edits: [
      {
        file: writePlan,
        find: 'if (ambiguous === null || ambiguous.fence !== fence) return false;',
        replace: "if (ambiguous === null || fence !== '') return false;",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L12',
    what: 'does not recognise the lease that an unanswered grant has made',
    edits: [
      {
        file: etcdLease,
        find: 'if (isLeaseExists(failureFrom(thrown))) return undefined;',
        replace: '',
      },
    ],
    test: 'test/faults/lease.test.ts',
  },
  {
    defect: 'L13',
    what: 'cuts off the part of a second',
    edits: [
      {
        file: 'src/options.ts',
        find: 'Math.ceil(ttlMs / 1_000)',
        replace: 'Math.floor(ttlMs / 1_000)',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L13',
    what: 'cuts off the part of a second in an address',
    edits: [
      {
        file: 'src/registry-address.ts',
        find: 'return Math.ceil((sessionMs',
        replace: 'return Math.floor((sessionMs',
      },
    ],
    test: 'test/registry-address.test.ts',
  },
  {
    defect: 'L14',
    what: 'revokes a lease that it never had',
    edits: [
      {
        file: lease,
        find: "{ target: 'granting.waiting' }],\n        'lease.close': { target: 'closed' },",
        replace: "{ target: 'granting.waiting' }],\n        'lease.close': { target: 'revoking' },",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L14',
    what: 'leaves its lease behind at the end',
    edits: [
      {
        file: lease,
        find: "'lease.close': { target: 'revoking' },\n        'lease.reportedLost': {",
        replace: "'lease.close': { target: 'closed' },\n        'lease.reportedLost': {",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'L16',
    what: 'registers without a lease unless told otherwise',
    edits: [
      {
        file: 'src/registrations.ts',
        find: "url.getBooleanParameter('dynamic', true)",
        replace: "url.getBooleanParameter('dynamic', false)",
      },
    ],
    test: onEtcd,
  },
];
