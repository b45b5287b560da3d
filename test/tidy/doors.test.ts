import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as machines from '../../machines/index.js';
import * as leasehold from '../../src/index.js';
import * as inspect from '../../src/inspect/index.js';
import * as metrics from '../../src/metrics/index.js';
import * as testing from '../../src/testing/index.js';
import { foreignTypesIn } from './public-types.js';
import { root, sources } from './sources.js';

const namesIn = (text: string): readonly string[] => text.trim().split(/\s+/).sort();

/** The types that a door exports by name. */
function typesOf(path: string): readonly string[] {
  const text = sources.find((each) => each.path === path)?.text ?? '';
  const types = [...text.matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, isType, names = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && (isType !== undefined || name.startsWith('type ')))
      .map((name) => name.replace(/^type /, '')),
  );
  return types.sort();
}

describe('leasehold', () => {
  test('exports exactly these values', () => {
    const expected = `
      EtcdClient Registry RegistryError ServiceUrl closeOnSignals createEtcdClient createRegistry
      destroyAll getRegistries getRegistry isRegistryError
    `;
    expect(Object.keys(leasehold).sort()).toEqual(namesIn(expected));
  });

  test('exports exactly these types', () => {
    const expected = `
      CallOptions ChildListener CloseOnSignalsOptions CloseOptions ConnectionEvent ConsumerInput
      Explanation LeaseEvent Logger Mismatch NotificationEvent NotificationInfo Notified NotifyListener Position RegisterOptions
      RegistrationEvent RegistrationHandle RegistrationStatus RegistryErrorCode RegistryErrorFacts
      RegistryEvents RegistryOptions RegistryStatus RegistryView ServiceInstance ServiceQuery
      ServiceUrlParts Staleness StateChange StateListener SubscriptionEvent SubscriptionHandle SubscriptionStatus
      UrlInput ViewEvent ViewIterator WatcherStatus
    `;
    expect(typesOf('src/index.ts')).toEqual(namesIn(expected));
  });
});

describe('leasehold/inspect', () => {
  test('exports exactly these values', () => {
    expect(Object.keys(inspect).sort()).toEqual(namesIn('observe showInStately startInspector'));
  });

  test('exports exactly these types', () => {
    const expected = `
      InspectedActor InspectedSnapshot Inspector InspectorOptions Observation ObserveOptions Observer
      Plain SecretOptions StatelyInspector
    `;
    expect(typesOf('src/inspect/index.ts')).toEqual(namesIn(expected));
  });
});

describe('leasehold/machines', () => {
  test('exports exactly these values', () => {
    const expected = `
      Failure ShardedMap backoffMs compareRevisions connectionMachine failureOf isAfter
      isOutcomeUnknown isTransient leaseMachine reconnectBackoff registryMachine request
      requestBackoff requestPort stream streamPort sweep watcherHub watcherMachine
    `;
    expect(Object.keys(machines).sort()).toEqual(namesIn(expected));
  });

  test('exports exactly these types', () => {
    const expected = `
      AskSignal Backoff BatchAnswered BatchOutcome ClockJumped ClusterFacts ConnectionContext ConnectionDown
      ConnectionEvent ConnectionInput ConnectionUp DesiredEntry Entry EntryChange FailureFact
      FailureKind LeaseAnswer LeaseContent LeaseContext LeaseEvent LeaseInput LeaseNews LeaseQuestion
      LinkFact LinkNews Listing OpenedFence OwnKeysFact OwnKeysInput OwnKeysWord Registration RegistrationNews RegistrationState RegistryCommand
      RegistryContext RegistryInput RegistryNews RequestPort Revision StreamPort Verification
      WatchFact WatcherContext WatcherEvent WatcherHubCommand WatcherHubLogic WatcherHubNews
      WatcherHubState WatcherInput WatcherNews WriteBatch WriteOperation
    `;
    expect(typesOf('machines/index.ts')).toEqual(namesIn(expected));
  });
});

describe('leasehold/metrics', () => {
  test('exports exactly one value and one type', () => {
    expect(Object.keys(metrics)).toEqual(['startMetrics']);
    expect(typesOf('src/metrics/index.ts')).toEqual(['MetricsOptions']);
  });

  test('alone knows OpenTelemetry', () => {
    const users = sources.filter(
      ({ path, imports }) =>
        path.startsWith('src/') && imports.some(({ from }) => from.startsWith('@opentelemetry/')),
    );
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ path }) => !path.startsWith('src/metrics/'))).toEqual([]);
  });
});

describe('leasehold/testing', () => {
  test('exports exactly these values', () => {
    const expected = `
      createVirtualClock exploreMachine playScenario startMemoryEtcd
    `;
    expect(Object.keys(testing).sort()).toEqual(namesIn(expected));
  });

  test('exports exactly these types', () => {
    const expected = `
      Exploration GraphState MachineGraph MemoryEtcd MemoryEtcdKey MemoryEtcdLease MemoryEtcdOptions
      MemoryEtcdUser Move ScenarioMachines VirtualClock
    `;
    expect(typesOf('src/testing/index.ts')).toEqual(namesIn(expected));
  });
});

describe('the public types', () => {
  beforeAll(() => {
    execFileSync(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-b',
      join(root, 'tsconfig.json'),
    ]);
  });

  test('of leasehold show nothing of XState, etcd3 or gRPC, however far one follows them [S12]', () => {
    expect(foreignTypesIn('dist/src/index.d.ts', /^(?:xstate|etcd3|@grpc\/)/)).toEqual([]);
  });

  test('of leasehold/inspect show nothing of XState either, although it reads actors [S12]', () => {
    expect(foreignTypesIn('dist/src/inspect/index.d.ts', /^(?:xstate|etcd3|@grpc\/|@statelyai\/)/)).toEqual(
      [],
    );
  });

  test('of leasehold/machines do show XState, which proves that the search finds it', () => {
    expect(foreignTypesIn('dist/machines/index.d.ts', /^xstate/).length).toBeGreaterThan(0);
  });
});

const errorsPage = join(root, 'docs/errors.md');

test.skipIf(!existsSync(errorsPage))('docs/errors.md explains every error code, and no other', () => {
  const source = sources.find(({ path }) => path === 'src/errors.ts')?.text ?? '';
  const [, union = ''] = /export type RegistryErrorCode =([^;]*);/.exec(source) ?? [];
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
  const explained = [...readFileSync(errorsPage, 'utf8').matchAll(/^(?:#+|\|) *`?([A-Z][A-Z_]{3,})\b/gm)].map(
    ([, code = '']) => code,
  );
  expect(codes.length).toBeGreaterThan(5);
  expect([...new Set(explained)].sort()).toEqual([...codes].sort());
});
