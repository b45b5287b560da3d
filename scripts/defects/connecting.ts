/** Taking out what is done against the defects of the connection and of retrying (C1–C10, R1–R4). */
import type { Removal } from './removal.js';

const backoff = 'machines/backoff.ts';
const probe = 'src/etcd/probe.ts';
const transport = 'src/etcd/transport.ts';
const registryAddress = 'src/registry-address.ts';
const onEtcd = 'test/faults/defects-connection.test.ts';
const alone = 'test/defects/connecting.test.ts';
const retrying = 'test/defects/retry.test.ts';

export const connecting: readonly Removal[] = [
  {
    defect: 'C1',
    what: 'does not hear that the connection is lost',
    edits: [
      {
        file: 'src/etcd/link.ts',
        find: "this.#report(new Failure('unreachable', 'the connection to etcd was lost')),",
        replace: 'undefined,',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'C2',
    what: 'calls itself connected before etcd has answered',
    edits: [
      {
        file: probe,
        find: 'const facts = await readCluster(link, signal);',
        replace: "const facts = { clusterId: '0', revision: '0', sentinel: null };",
      },
    ],
    test: alone,
  },
  {
    defect: 'C3',
    what: 'gives up when the first attempt has failed',
    edits: [
      {
        file: 'machines/connection.ts',
        find: "after: { reconnectBackoff: { target: 'connecting' } },",
        replace:
          "after: { reconnectBackoff: { guard: ({ context }) => context.epoch > 0, target: 'connecting' } },",
      },
    ],
    test: 'test/faults/closing.test.ts',
  },
  {
    defect: 'C4',
    what: 'leaves a registry running that could not start',
    edits: [
      {
        file: 'src/create-registry.ts',
        find: 'await registry.close();\n    throw error;',
        replace: 'throw error;',
      },
    ],
    test: alone,
  },
  {
    defect: 'C5',
    what: 'takes an address that nobody can dial',
    edits: [{ file: registryAddress, find: 'requireDialable(url);\n  return url;', replace: 'return url;' }],
    test: alone,
  },
  {
    defect: 'C6',
    what: 'speaks plain text with an https endpoint',
    edits: [
      {
        file: transport,
        find: "endpoint.startsWith('https://') ? certificatesIn(settings) : credentials.createInsecure()",
        replace: 'credentials.createInsecure()',
      },
    ],
    test: 'test/faults/tls.test.ts',
  },
  {
    defect: 'C6',
    what: 'does not log in',
    edits: [
      {
        file: 'src/etcd/login.ts',
        find: 'return this.#settings.credentials !== undefined;',
        replace: 'return this.#settings === undefined;',
      },
    ],
    test: 'test/faults/auth.test.ts',
  },
  {
    defect: 'C6',
    what: "takes Dubbo's port for the default",
    edits: [
      { file: registryAddress, find: 'port: portOf(port) > 0 ? port : String(etcdPort),', replace: 'port,' },
    ],
    test: alone,
  },
  {
    defect: 'C7',
    what: 'sends no pings',
    edits: [{ file: transport, find: "'grpc.keepalive_time_ms': 5_000,", replace: '' }],
    test: onEtcd,
  },
  {
    defect: 'C9',
    what: 'resolves the name of etcd once',
    edits: [
      {
        file: probe,
        find: 'const confirmTimeoutMsMax = 1_000;',
        replace: `const confirmTimeoutMsMax = 1_000;
const resolved = new Map<string, string>();
async function resolvedOnce(endpoint: string): Promise<string> {
  const { hostname } = new URL(endpoint);
  const known = resolved.get(endpoint) ?? (await lookup(hostname)).address;
  resolved.set(endpoint, known);
  return endpoint.replace(hostname, known);
}`,
      },
      {
        file: probe,
        find: "import { Transport } from './transport.js';",
        replace: "import { lookup } from 'node:dns/promises';\nimport { Transport } from './transport.js';",
      },
      { file: probe, find: 'open(input.endpoint)', replace: 'open(await resolvedOnce(input.endpoint))' },
    ],
    test: onEtcd,
  },
  {
    defect: 'R1',
    what: 'tries again what lasts, and gives up what passes',
    edits: [
      {
        file: 'machines/failure.ts',
        find: 'return passing.has(failure.kind);',
        replace: 'return !passing.has(failure.kind);',
      },
    ],
    test: retrying,
  },
  {
    defect: 'R2',
    what: 'takes milliseconds for another unit, and waits none',
    edits: [
      {
        file: backoff,
        find: 'return Math.min(backoff.maxMs',
        replace: 'return 0.001 * Math.min(backoff.maxMs',
      },
    ],
    test: retrying,
  },
  {
    defect: 'R3',
    what: 'waits one second, whatever happens',
    edits: [{ file: backoff, find: 'backoff.firstMs * 2 **', replace: '1_000 + 0 *' }],
    test: retrying,
  },
  {
    defect: 'R4',
    what: 'lets a call wait for longer than it was given',
    edits: [
      {
        file: 'src/patience.ts',
        find: 'clock.setTimeout(expire, timeoutMs);',
        replace: 'clock.setTimeout(expire, timeoutMs + 10_000);',
      },
    ],
    test: retrying,
  },
];
