/** Does what a fault says to the simulated world, and takes it back when it is over. */
import { Buffer } from 'node:buffer';
import type { EtcdCore } from '../../src/testing/etcd-core/core.js';
import { configuratorsPrefix, providersPrefix, strange } from './catalogue.js';
import type { Link } from './network.js';
import { metaRoot } from './rights.js';
import type { SimEtcd } from './sim-etcd.js';
import type { Fault, FaultKind } from './story.js';
import type { VirtualClock } from './virtual-clock.js';

/** What faults can get at. */
export interface Victims {
  readonly clock: VirtualClock;
  readonly etcd: SimEtcd;
  /** The link of the process that has this place now. */
  readonly link: (who: number) => Link;
  /** The lease that it has in use. */
  readonly lease: (who: number) => string | undefined;
  readonly name: (who: number) => string;
  /** A key that it wants to be registered. */
  readonly wantedKey: (who: number, size: number) => string | undefined;
}

// biome-ignore lint/suspicious/noConfusingVoidType: what is over at once returns nothing.
type Trouble = (victims: Victims, fault: Fault) => (() => void) | void;

/** What strangers write, whatever the key. */
export const strangersValue = 'stranger';

const garbage = ['%E0%A4%A', 'not a url', 'a/b/c', '', '\xff\xfe'];

const troubles: Readonly<Record<FaultKind, Trouble>> = {
  reset: ({ link }, { who }) => link(who).reset(),
  cut: ({ link }, { who }) => link(who).cut(),
  blackhole: ({ link }, { who }) => link(who).hold({ up: true, down: true }),
  upLost: ({ link }, { who }) => link(who).hold({ up: true, down: false }),
  downLost: ({ link }, { who }) => link(who).hold({ up: false, down: true }),
  slowLink: ({ link }, { who, size }) => link(who).slowDown(5 + 5 * size),
  answersLost: ({ link }, { who, size }) => {
    const victim = link(who);
    victim.loseAnswers(1 + (size % 3));
    return () => victim.keepAnswers();
  },
  crash: ({ etcd }) => {
    etcd.crash();
    return () => etcd.restart();
  },
  wipe: ({ etcd }) => etcd.replace(0),
  wipeAhead: ({ etcd }, { size }) => etcd.replace(etcd.core.revision + size),
  pause: ({ etcd }) => {
    etcd.pause();
    return () => etcd.resume();
  },
  noLeader: ({ etcd }) => {
    etcd.loseLeader();
    return () => etcd.regainLeader();
  },
  slow: ({ etcd }, { size }) => {
    etcd.slowDown(50 * size);
    return () => etcd.slowDown(0);
  },
  lateWrites: ({ etcd }, { size }) => {
    etcd.delayWrites(500 + 150 * size);
    return () => etcd.delayWrites(0);
  },
  noSpace: ({ etcd }) => {
    etcd.setNoSpace(true);
    return () => etcd.setNoSpace(false);
  },
  compact: ({ etcd }, { size }) => etcd.serve(undefined, (core) => compact(core, size % 4)),
  storm: (victims, fault) => storm(victims, fault),
  revoke: ({ etcd, lease }, { who }) => {
    const leaseId = lease(who);
    if (leaseId === undefined) return undefined;
    etcd.serve('operator', (core) => {
      if (core.leases().some(({ id }) => id === leaseId)) core.leaseRevoke({ ID: leaseId });
    });
    return undefined;
  },
  deleteKey: ({ etcd, wantedKey }, { who, size }) => {
    const key = wantedKey(who, size);
    if (key !== undefined) etcd.serve('stranger', (core) => core.deleteRange({ key: Buffer.from(key) }));
    return undefined;
  },
  overwrite: ({ etcd, wantedKey }, { who, size }) => {
    const key = wantedKey(who, size);
    if (key === undefined) return undefined;
    etcd.serve('stranger', (core) => {
      const lease = size % 2 === 0 ? '0' : leaseOfStranger(core);
      put(core, key, lease);
    });
    return undefined;
  },
  garbage: ({ etcd }, { size }) => {
    const name = garbage[size % garbage.length] ?? '';
    etcd.serve('stranger', (core) => put(core, `${providersPrefix(size)}${name}`, '0'));
    return undefined;
  },
  stranger: ({ etcd }, { size }) => {
    const { key } = strange(size);
    etcd.serve('stranger', (core) => {
      if (core.states().some((state) => state.key === key)) core.deleteRange({ key: Buffer.from(key) });
      else put(core, key, '0');
    });
    return undefined;
  },
  denied: ({ etcd, name, wantedKey }, { who, size }) => {
    const key = wantedKey(who, size) ?? providersPrefix(size);
    const [, , service = ''] = key.split('/');
    const spans = [
      key,
      providersPrefix(size),
      `/dubbo/${service}`,
      '/dubbo/',
      configuratorsPrefix(size),
      metaRoot,
      `${metaRoot}fences/`,
    ];
    return etcd.rights.deny(name(who), spans[size % spans.length] ?? key, size < 20);
  },
};

/** Begins a fault; the returned function ends it. */
export function begin(victims: Victims, fault: Fault): (() => void) | undefined {
  return troubles[fault.kind](victims, fault) ?? undefined;
}

/** Resets every 200 ms and compactions every 100 ms. */
function storm({ clock, etcd, link }: Victims, { who }: Fault): () => void {
  let round = 0;
  let isOver = false;
  const rage = (): void => {
    if (isOver) return;
    round += 1;
    etcd.serve(undefined, (core) => compact(core, 0));
    if (round % 2 === 0) link(who).reset();
    clock.setTimeout(rage, 100);
  };
  rage();
  return () => {
    isOver = true;
  };
}

function compact(core: EtcdCore, keep: number): void {
  const revision = core.revision - keep;
  if (revision > Math.max(core.compactedRevision, 0)) core.compact({ revision: String(revision) });
}

/** A put by somebody who knows nothing of registries; without space it fails, as it should. */
function put(core: EtcdCore, key: string, lease: string): void {
  try {
    core.put({ key: Buffer.from(key, 'latin1'), value: Buffer.from(strangersValue), lease });
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.message.includes('space exceeded'))) throw thrown;
  }
}

/** A lease that nobody renews. */
function leaseOfStranger(core: EtcdCore): string {
  try {
    return core.leaseGrant({ TTL: 5 }).ID;
  } catch {
    return '0';
  }
}
