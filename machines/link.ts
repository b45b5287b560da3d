/** What the connection tells its neighbours about the link; lease, watchers and registry react to these two facts. */

/** The link works: a linearizable round trip succeeded. Each `connection.up` carries a new epoch. */
export interface ConnectionUp {
  readonly type: 'connection.up';
  /** Counts the links of this connection; answers of an earlier epoch are void. */
  readonly epoch: number;
  /** Counts the histories of etcd that we have met; a wipe, a restore or another cluster starts a new one. */
  readonly history: number;
  /**
   * True when no sentinel was found, or we may not read it: nothing proves that this is the history of the link before. Whoever
   * knows only a revision and a number of keys could take another history for it.
   */
  readonly isUnidentified?: boolean;
  readonly endpoint: string;
}

/** The link is gone; what we know may be stale from now on. Between two `connection.up` there is always one of these. */
export interface ConnectionDown {
  readonly type: 'connection.down';
  readonly reason: string;
}

export type LinkNews = ConnectionUp | ConnectionDown;
