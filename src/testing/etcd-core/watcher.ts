/** One watcher: what it follows, from where on, and how it wants to be told. */
import type { IWatchCreateRequest } from 'etcd3';
import { covers, type KeySpan, spanOf } from './bytes.js';
import type { WatchEvent } from './messages.js';
import type { KeyState } from './revisions.js';

export interface Watcher {
  readonly id: string;
  readonly span: KeySpan;
  readonly withPrevious: boolean;
  readonly fragmented: boolean;
  readonly wantsProgress: boolean;
  readonly hidden: ReadonlySet<WatchEvent['type']>;
  /** Events below it are not told. */
  nextRevision: number;
  /** `synced` is told each write; `behind` waits for a batch; `dead` met a compaction and only keeps its id taken. */
  state: 'synced' | 'behind' | 'dead';
  /** False when an event was told since the last round of progress, which then passes it by. */
  progressDue: boolean;
}

/** A new watcher in a store whose revision is `head`. One that starts above the head is synced; it just stays silent for a while. */
export function watcherOf(id: string, span: KeySpan, request: IWatchCreateRequest, head: number): Watcher {
  const start = Number(request.start_revision ?? 0);
  const synced = start === 0 || start > head;
  return {
    id,
    span,
    withPrevious: request.prev_kv ?? false,
    fragmented: request.fragment ?? false,
    wantsProgress: request.progress_notify ?? false,
    hidden: hiddenBy(request.filters ?? []),
    nextRevision: start === 0 ? head + 1 : start,
    state: synced ? 'synced' : 'behind',
    progressDue: true,
  };
}

/** True when the watcher has yet to be told the change. */
export function concerns(watcher: Watcher, change: KeyState): boolean {
  return change.modRevision >= watcher.nextRevision && covers(watcher.span, change.key);
}

/** A watch without a key starts at the lowest one. */
export function watchedSpan(request: IWatchCreateRequest): KeySpan {
  const key = request.key && request.key.length > 0 ? request.key : Buffer.from([0]);
  return spanOf(key, request.range_end);
}

function hiddenBy(filters: readonly (string | number)[]): ReadonlySet<WatchEvent['type']> {
  const hidden = new Set<WatchEvent['type']>();
  if (filters.includes('Noput') || filters.includes(0)) hidden.add('Put');
  if (filters.includes('Nodelete') || filters.includes(1)) hidden.add('Delete');
  return hidden;
}
