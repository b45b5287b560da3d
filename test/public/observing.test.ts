/** What a registry says of itself to loggers and to diagnostics channels. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRegistry, type Logger, type Registry, type StateChange } from '../../src/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';

const service = 'com.acme.Orders';
const provider = `dubbo://user:sEcret@10.0.0.1:20880/${service}`;
const consumer = `consumer://10.0.0.2/${service}`;

interface Line {
  readonly level: keyof Logger;
  readonly facts: Partial<StateChange> & { readonly address?: string };
  readonly message: string;
}

let etcd: MemoryEtcd;
let registry: Registry | undefined;
let lines: Line[];

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  lines = [];
});

afterEach(async () => {
  await registry?.close();
  await etcd.stop();
});

function listLogger(): Logger {
  const at =
    (level: keyof Logger) =>
    (facts: object, message: string): void => {
      lines.push({ level, facts, message });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

async function open(logger?: Logger): Promise<Registry> {
  registry = await createRegistry({
    address: `etcd3://someone:sEcret@${etcd.endpoint}`,
    sessionMs: 3_000,
    file: false,
    ...(logger === undefined ? {} : { logger }),
  });
  return registry;
}

/** The lines about one machine that are not for debugging, without what is not the same each time. */
function aloud(machine: string): readonly string[] {
  return lines
    .filter(({ level, facts }) => level !== 'debug' && facts.machine === machine)
    .map(({ level, facts }) => `${level} ${facts.to}`);
}

async function outage(opened: Registry): Promise<void> {
  await opened.register(provider);
  await opened.subscribe(consumer, () => {});
  await etcd.crash();
  await eventually(() => expect(opened.isAvailable()).toBe(false));
  // Several attempts to connect are one outage.
  await eventually(() => expect(opened.status().connection.attempts).toBeGreaterThan(2));
  etcd.wipe();
  await etcd.restart();
  await eventually(() => expect(opened.status().lease).toMatchObject({ state: 'alive', generation: 2 }));
}

describe('the logger', () => {
  test('is told each state change once, with its reason, and an outage once aloud', async () => {
    const opened = await open(listLogger());
    const changes: StateChange[] = [];
    const before = lines.length;
    opened.on('state', (change) => changes.push(change));
    await outage(opened);
    const logged = lines.slice(before).filter(({ facts }) => facts.machine !== undefined);
    expect(logged.map(({ facts }) => [facts.machine, facts.subject, facts.from, facts.to])).toEqual(
      changes.map(({ machine, subject, from, to }) => [machine, subject, from, to]),
    );
    expect(changes.filter(({ reason }) => reason === '')).toEqual([]);
    expect(aloud('connection').map((line) => line.replace(/\..*/, ''))).toEqual([
      'info connected',
      'warn disconnected',
      'info connected',
    ]);
    expect(aloud('watcher')).toEqual([]);
    const down = logged.find(({ facts }) => facts.machine === 'connection' && facts.to === 'disconnected');
    expect(down?.message).toMatch(/^leasehold connection: connected\S* → disconnected: .*connection/);
    expect(aloud('lease').map((line) => line.replace(/\..*/, ''))).toEqual([
      'info alive',
      'warn recovering',
      'info alive',
    ]);
  });

  test('sees no password, whatever happens [SEE-3]', async () => {
    const opened = await open(listLogger());
    const told: unknown[] = [];
    opened.on('registration', (event) => told.push(event));
    await opened.subscribe(`${consumer}?token=sEcret`, () => {});
    await opened.register(`${provider}?password=sEcret&token=sEcret`);
    await outage(opened);
    told.push(opened.status(), await opened.explain(`consumer://a:sEcret@10.0.0.2/${service}?token=sEcret`));
    expect(opened.status().registrations).toHaveLength(2);
    await opened.close();
    expect(lines.length).toBeGreaterThan(10);
    expect(JSON.stringify([lines, told])).not.toContain('sEcret');
    expect(lines[0]?.facts.address).toBe(`etcd3://${etcd.endpoint}`);
    expect(aloud('registry.life')).toEqual(['info running', 'info closed']);
  });

  test('is told why a registration or a subscription failed, and what a listener threw', async () => {
    const opened = await open(listLogger());
    const thrower = (): void => {
      throw new Error('listener is out of order');
    };
    await expect(opened.register(`${provider}?big=${'x'.repeat(2_000_000)}`)).rejects.toThrow();
    void opened.subscribe(consumer, thrower);
    await eventually(() =>
      expect(lines.map(({ message }) => message)).toContain(
        'leasehold a listener threw: listener is out of order',
      ),
    );
    const failed = lines.find(({ message }) => message.startsWith('leasehold 1 registrations failed'));
    expect(failed).toMatchObject({ level: 'warn', facts: { state: 'failed', willRetry: false } });
  });

  test('harms nothing when it throws, and is complained about once [SEE-3]', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const thrower = (): never => {
        throw new Error('disk full');
      };
      const opened = await open({ debug: thrower, info: thrower, warn: thrower, error: thrower });
      await outage(opened);
      await eventually(() => expect(etcd.keys('/dubbo/').length).toBeGreaterThan(1));
      expect(warn.mock.calls.map(([what]) => String(what))).toEqual(['Error: disk full']);
    } finally {
      warn.mockRestore();
    }
  });
});

describe('the diagnostics channels', () => {
  const names = ['register', 'subscribe', 'notify', 'reconnect', 'lease'].map((name) => `leasehold:${name}`);

  test('carry registrations, subscriptions, notifications, links and leases, with where they are from', async () => {
    const messages: (readonly [string, Record<string, unknown>])[] = [];
    const hear = (message: unknown, name: string | symbol): void => {
      messages.push([String(name), message as Record<string, unknown>]);
    };
    for (const name of names) subscribe(name, hear);
    try {
      const opened = await open();
      await outage(opened);
      await eventually(() =>
        expect(messages.filter(([name]) => name === 'leasehold:register').length).toBe(2),
      );
    } finally {
      for (const name of names) unsubscribe(name, hear);
    }
    expect(new Set(messages.map(([name]) => name))).toEqual(new Set(names));
    for (const [, { address, root }] of messages) {
      expect([address, root]).toEqual([`etcd3://${etcd.endpoint}`, '/dubbo']);
    }
    const states = (name: string): unknown[] =>
      messages.filter(([each]) => each === name).map(([, { state }]) => state);
    expect(states('leasehold:reconnect')).toEqual(['connected', 'disconnected', 'connected']);
    expect(states('leasehold:lease')).toEqual(expect.arrayContaining(['alive', 'expired']));
    expect(JSON.stringify(messages)).not.toContain('sEcret');
  });

  test('are in nobody’s way: without a subscriber nothing is published', async () => {
    const channels = names.map((name) => channel(name));
    const published = channels.map((each) => vi.spyOn(each, 'publish'));
    await outage(await open());
    expect(published.map(({ mock }) => mock.calls.length)).toEqual(names.map(() => 0));
  });
});

test('docs/status.md names every field of status(), and no other [SEE-1]', async () => {
  await etcd.crash();
  registry = await createRegistry({ address: etcd.endpoint, check: false, file: '/nowhere/at/all.cache' });
  await registry.register(`${provider}?check=false`);
  const subscribed = registry.subscribe(`${consumer}?check=false`, () => {});
  const opened = registry;
  await eventually(() => expect(opened.status().connection.lastError).not.toBeNull());
  await etcd.restart();
  await subscribed;
  await etcd.crash();
  await eventually(() => expect(opened.status().watchers[0]?.stale).not.toBeNull());
  const status = opened.status();
  expect(JSON.parse(JSON.stringify(status))).toEqual(status);
  const page = readFileSync(new URL('../../docs/status.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([\w.[\]]+)` \|/gm)].map(([, name = '']) => name);
  expect([...fieldsOf(status)].sort()).toEqual(documented.sort());
});

/** The paths of all fields; `[]` for the elements of a list. A failure or a staleness is one thing. */
function fieldsOf(value: unknown, path = ''): ReadonlySet<string> {
  const fields = new Set<string>();
  if (Array.isArray(value)) {
    for (const each of value) for (const field of fieldsOf(each, `${path}[]`)) fields.add(field);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const field = path === '' ? name : `${path}.${name}`;
      const isOpaque = name === 'lastError' || name === 'stale';
      const isLeaf = isOpaque || typeof inner !== 'object' || inner === null;
      if (isLeaf) fields.add(field);
      else for (const each of fieldsOf(inner, field)) fields.add(each);
    }
  }
  return fields;
}
