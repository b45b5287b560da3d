/** What a registry takes from its surroundings: time, chance, etcd and files. A simulation replaces all. */
import { performance } from 'node:perf_hooks';
import { connectEtcd, type EtcdPorts } from './etcd/ports.js';
import type { EtcdSettings } from './etcd/settings.js';
import { type FileStore, realFiles } from './file-store.js';

/** Time, as the machines and the facade use it. */
export interface Clock {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** At the end of the current turn, behind everything that is due already. Returns what takes it back. */
  soon(callback: () => void): () => void;
  /** Milliseconds since 1970 as the timers count them: the time that this process has lived through. */
  now(): number;
  /** Milliseconds since 1970 as people count them, also through a suspension. Without it none is noticed. */
  readonly wallNow?: () => number;
}

/** The surroundings of one registry. */
export interface World {
  readonly clock: Clock;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly connect: (settings: EtcdSettings) => EtcdPorts;
  /** Where cache files are; without it none is kept. */
  readonly files?: FileStore;
}

const realClock: Clock = {
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  soon: (callback) => {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  },
  now: () => Math.round(performance.timeOrigin + performance.now()),
  wallNow: () => Date.now(),
};

/** The clock and the dice of the host, etcd over gRPC, the file system. */
export const realWorld: World = {
  clock: realClock,
  random: Math.random,
  connect: connectEtcd,
  files: realFiles,
};
