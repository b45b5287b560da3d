/** One handle for both etcds, so that a contract test has one body: the in-memory one and a real one behind a proxy. */
import { startMemoryEtcd } from '../../src/testing/index.js';
import { watcherCount } from '../faults/support/metrics.js';
import { type ControlClient, connectControl } from './control-client.js';
import { startProxy, type TcpProxy } from './proxy.js';
import { startEtcd } from './real-etcd.js';

export interface EtcdUnderTest {
  /** What the product connects to: the proxy in front of etcd. */
  readonly endpoint: string;
  /** Etcd itself, around the proxy. */
  readonly direct: string;
  readonly proxy: TcpProxy;
  /** A connection of the test's own, around the proxy. */
  readonly control: ControlClient;
  kill(): Promise<void>;
  /** Comes back with the data it has. */
  restart(): Promise<void>;
  /** Empties the data; only while killed. */
  wipe(): void;
  freeze(): void | Promise<void>;
  thaw(): void;
  /** How many watchers etcd serves. */
  watcherCount(): Promise<number>;
  stop(): Promise<void>;
}

type Core = Omit<EtcdUnderTest, 'endpoint' | 'direct' | 'proxy' | 'control' | 'stop'> & {
  readonly endpoint: string;
  stop(): Promise<void>;
};

export async function realEtcdUnderTest(): Promise<EtcdUnderTest> {
  const etcd = await startEtcd();
  return behindProxy({
    endpoint: etcd.endpoint,
    kill: () => etcd.kill(),
    restart: () => etcd.restart(),
    wipe: () => etcd.wipe(),
    freeze: () => etcd.freeze(),
    thaw: () => etcd.thaw(),
    watcherCount: () => watcherCount(etcd.endpoint),
    stop: () => etcd.stop(),
  });
}

export async function memoryEtcdUnderTest(): Promise<EtcdUnderTest> {
  const etcd = await startMemoryEtcd();
  return behindProxy({
    endpoint: `http://${etcd.endpoint}`,
    kill: () => etcd.crash(),
    restart: () => etcd.restart(),
    wipe: () => etcd.wipe(),
    freeze: () => etcd.freeze(),
    thaw: () => etcd.thaw(),
    watcherCount: () => Promise.resolve(etcd.watcherCount),
    stop: () => etcd.stop(),
  });
}

async function behindProxy(core: Core): Promise<EtcdUnderTest> {
  const proxy = await startProxy(core.endpoint);
  const control = connectControl(core.endpoint);
  return {
    ...core,
    endpoint: proxy.endpoint.replace('http://', ''),
    direct: core.endpoint,
    proxy,
    control,
    stop: async () => {
      control.close();
      proxy.close();
      await core.stop();
    },
  };
}
