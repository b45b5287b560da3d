/** What the global set-up hands to test files and to the reporter, and the tag by which they know each other. */

/** The etcd of this run, as plain data; `null` in its place is "no etcd here". */
export interface FoundEtcd {
  readonly etcd: string;
  readonly version: string;
}

/** The tag of every test that runs on a real etcd: `vitest run --tags-filter=etcd` runs just these. */
export const etcdTag = 'etcd';

declare module 'vitest' {
  interface ProvidedContext {
    etcd: FoundEtcd | null;
    /** The path of a browser; null where there is none. */
    chromium: string | null;
  }
}
