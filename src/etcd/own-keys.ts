/**
 * Follows the deletion of our own keys and of our fence, over the link's shared watch stream: one watch for each folder
 * that a key of ours is in, and one for the fence. Puts are filtered out by etcd.
 */
import {
  isAfter,
  type OwnKeysFact,
  type OwnKeysInput,
  type OwnKeysWord,
  type Revision,
  type StreamPort,
  stream,
  type WatchFact,
} from '../../machines/index.js';
import { failureFrom } from './failure.js';
import type { EtcdLink, LinkInUse } from './link.js';
import { RecentDeletions } from './recent-deletions.js';
import { fenceKey } from './settings.js';
import { bytesOf, prefixEnd } from './text.js';

export function watchOwnKeys(links: LinkInUse): StreamPort<OwnKeysFact, OwnKeysInput> {
  return stream<OwnKeysFact, OwnKeysInput, OwnKeysWord>(({ input, send, hear }) => {
    try {
      const ownKeys = new OwnKeys(links.current(), send);
      hear((word) => ownKeys.hear(word));
      ownKeys.start(input);
      return () => ownKeys.close();
    } catch (thrown) {
      const { kind, message } = failureFrom(thrown);
      queueMicrotask(() => send({ type: 'ownKeys.broken', failure: { kind, message } }));
      return () => {};
    }
  });
}

/** The keys of ours in one folder, each with the revision at which it was known to be there. */
interface Folder {
  readonly keys: Map<string, Revision>;
  /** What was deleted before this revision nobody has told. */
  readonly followedFrom: Revision;
  readonly close: () => void;
}

class OwnKeys {
  readonly #link: EtcdLink;
  readonly #send: (fact: OwnKeysFact) => void;
  readonly #folders = new Map<string, Folder>();
  readonly #deletions = new RecentDeletions();
  #closeFence: (() => void) | undefined;
  /** Folders that have to be open before the keys of the start are followed. */
  readonly #opening = new Set<string>();

  constructor(link: EtcdLink, send: (fact: OwnKeysFact) => void) {
    this.#link = link;
    this.#send = send;
  }

  start({ leaseId, keys }: OwnKeysInput): void {
    if (leaseId !== null) this.#followFence(leaseId);
    for (const key of keys) this.#opening.add(folderOf(key));
    this.#follow(keys, '0');
  }

  hear(word: OwnKeysWord): void {
    switch (word.type) {
      case 'ownKeys.written':
        this.#follow(word.keys, word.revision);
        return;
      case 'ownKeys.withdrawn':
        for (const key of word.keys) this.#forget(key);
        return;
      case 'ownKeys.fenced':
        this.#followFence(word.leaseId);
    }
  }

  close(): void {
    this.#closeFence?.();
    for (const { close } of this.#folders.values()) close();
    this.#folders.clear();
  }

  #followFence(leaseId: string): void {
    this.#closeFence?.();
    const key = bytesOf(fenceKey(this.#link.settings, leaseId));
    this.#closeFence = this.#link.watches.watchDeletions({ key }, (fact) => {
      if (fact.type === 'watch.changed') this.#send({ type: 'ownKeys.fenceDeleted' });
      // Whoever may not read the fence may follow the keys all the same.
      else if (fact.type !== 'watch.broken' || fact.failure.kind !== 'denied') this.#endOn(fact);
    });
  }

  /** Follows keys that were there at this revision, or now for '0'; tells at once which of them may be gone again. */
  #follow(keys: readonly string[], revision: Revision): void {
    const gone: string[] = [];
    for (const key of keys) {
      const path = folderOf(key);
      const folder = this.#folders.get(path) ?? this.#openFolder(path, revision);
      folder.keys.set(key, revision);
      const isUnheard = isAfter(folder.followedFrom, revision);
      if (isUnheard || this.#deletions.mayBeGone(key, revision)) gone.push(key);
    }
    if (gone.length > 0) this.#send({ type: 'ownKeys.deleted', keys: gone });
  }

  #openFolder(path: string, revision: Revision): Folder {
    const key = bytesOf(path);
    const known = new Map<string, Revision>();
    // Not after the write: etcd may forget a deletion at the very next revision without a word (decision 9).
    const from = revision === '0' ? {} : { fromRevision: revision };
    const close = this.#link.watches.watchDeletions({ key, rangeEnd: prefixEnd(key), ...from }, (fact) => {
      if (fact.type === 'watch.changed') {
        this.#deletions.add(fact.changes);
        this.#tellDeleted(fact.changes, known);
      } else if (fact.type === 'watch.created') this.#opened(path);
      else this.#endOn(fact);
    });
    const folder = { keys: known, followedFrom: revision, close };
    this.#folders.set(path, folder);
    return folder;
  }

  #opened(path: string): void {
    if (this.#opening.delete(path) && this.#opening.size === 0) this.#send({ type: 'ownKeys.opened' });
  }

  #forget(key: string): void {
    const path = folderOf(key);
    const folder = this.#folders.get(path);
    if (folder?.keys.delete(key) !== true || folder.keys.size > 0) return;
    this.#folders.delete(path);
    folder.close();
    this.#opened(path);
  }

  #tellDeleted(
    changes: readonly { readonly key: string; readonly modRevision: Revision }[],
    known: ReadonlyMap<string, Revision>,
  ): void {
    const isOurs = ({ key, modRevision }: { key: string; modRevision: Revision }): boolean => {
      const writtenAt = known.get(key);
      return writtenAt !== undefined && isAfter(modRevision, writtenAt);
    };
    const keys = changes.filter(isOurs).map(({ key }) => key);
    if (keys.length > 0) this.#send({ type: 'ownKeys.deleted', keys });
  }

  /** A watch that is refused or broken is a gap; so is one whose past was compacted. */
  #endOn(fact: WatchFact): void {
    if (fact.type === 'watch.broken') this.#send({ type: 'ownKeys.broken', failure: fact.failure });
    if (fact.type !== 'watch.compacted') return;
    const message = 'etcd has compacted the revision from which our keys are followed';
    this.#send({ type: 'ownKeys.broken', failure: { kind: 'compacted', message } });
  }
}

/** Keys of one folder share a watch. */
function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}
