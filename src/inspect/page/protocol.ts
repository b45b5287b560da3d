/** What the inspector's server tells its page: one line of JSON for each of these, as server-sent events. */

/** An actor, as the tree shows it. */
export interface ActorRow {
  readonly id: string;
  readonly parentId: string | null;
  /** Which of the inspected registries it belongs to. */
  readonly registry: number;
  readonly name: string;
  readonly machine: string | null;
  readonly subject: string | null;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly state: string | null;
  readonly tags: readonly string[];
}

/** Rows that are new or have changed, and the ids of those that are gone. */
export interface ActorsMessage {
  /** True when it is all there is, so that everything known before is out of date. */
  readonly isAll: boolean;
  readonly rows: readonly ActorRow[];
  readonly gone: readonly string[];
}

/** Something that happened to an actor. */
export interface TimelineEntry {
  readonly serial: number;
  readonly at: number;
  readonly registry: number;
  readonly actorId: string;
  readonly name: string;
  readonly subject: string | null;
  /** A machine changed its state, reacted without a change, or a question to etcd began or ended. */
  readonly kind: 'change' | 'event' | 'request';
  /** What happened, in words. */
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  /** What came with it, as short text. */
  readonly text: string;
}

export interface TimelineMessage {
  readonly entries: readonly TimelineEntry[];
  /** Entries that came too fast to be shown. */
  readonly skipped: number;
}

export interface Trouble {
  readonly kind: string;
  readonly message: string;
}

export interface RegistrationRow {
  readonly key: string;
  readonly state: 'pending' | 'written' | 'failed' | 'withdrawing';
  readonly isLeased: boolean;
  readonly attempts: number;
  readonly lastError: Trouble | null;
}

export interface SubscriptionRow {
  readonly url: string;
  readonly service: string;
  readonly category: string;
  readonly providerCount: number;
  readonly revision: string | null;
  readonly stale: { readonly since: number; readonly reason: string } | null;
}

/** One registry at a glance; long lists are cut, what is in trouble comes first. */
export interface RegistrySummary {
  readonly registry: number;
  readonly label: string;
  readonly state: string;
  readonly publishing: string;
  readonly connection: {
    readonly state: string;
    readonly endpoint: string;
    readonly attempts: number;
    readonly history: number;
    readonly lastError: Trouble | null;
  };
  readonly lease: {
    readonly state: string;
    readonly leaseId: string | null;
    readonly generation: number;
    readonly ttlSeconds: number;
    readonly lastError: Trouble | null;
  };
  readonly registrations: {
    readonly total: number;
    readonly written: number;
    readonly rows: readonly RegistrationRow[];
  };
  readonly subscriptions: {
    readonly total: number;
    readonly stale: number;
    readonly rows: readonly SubscriptionRow[];
  };
}

/** What the tree does not show of one actor. */
export interface ActorDetail {
  readonly row: ActorRow;
  readonly context: unknown;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: unknown;
}

/** A statechart with its places: what a machine looks like. Lengths are in pixels. */
export interface Chart {
  readonly machine: string;
  readonly width: number;
  readonly height: number;
  readonly states: readonly ChartBox[];
  readonly moves: readonly ChartMove[];
}

export interface ChartBox {
  /** The dotted path of the state. */
  readonly path: string;
  readonly name: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly isInitial: boolean;
  readonly description: string;
  readonly tags: readonly string[];
  /** Lines under the name: what is asked, what is done on entry and exit. */
  readonly lines: readonly ChartLine[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ChartLine {
  readonly sign: 'ask' | 'entry' | 'exit' | 'on';
  readonly text: string;
}

export interface ChartMove {
  readonly from: string;
  readonly to: string;
  /** What leads along it, in the words of the timeline. */
  readonly triggers: readonly string[];
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly label: {
    readonly lines: readonly ChartLabelLine[];
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

export interface ChartLabelLine {
  readonly part: 'trigger' | 'guard';
  readonly text: string;
}
