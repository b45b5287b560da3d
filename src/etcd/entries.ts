/** Fills the watcher's ports: lists a prefix at one revision, compares a copy with it, and follows it. */
import {
  type Entry,
  type Listing,
  type RequestPort,
  request,
  type StreamPort,
  stream,
  type Verification,
  type WatchFact,
} from '../../machines/index.js';
import { entryOf } from './entry.js';
import { failureFrom } from './failure.js';
import type { LinkInUse } from './link.js';
import { bytesOf, prefixEnd } from './text.js';

/** Keys a page; a larger page stalls the event loop while it is decoded, a smaller one costs round trips. */
const pageSize = 1_000;

/** Everything under a prefix, in pages that are all read at the revision of the first. */
export function listPrefix(links: LinkInUse): RequestPort<Listing, { readonly prefix: string }> {
  return request<Listing, { readonly prefix: string }>(async ({ input, signal }) => {
    const link = links.current();
    const start = bytesOf(input.prefix);
    const end = prefixEnd(start);
    const entries: Entry[] = [];
    let revision: string | undefined;
    let from = start;
    for (;;) {
      const pinned = revision === undefined ? {} : { revision };
      const page = await link.reads.through(() =>
        link.call(signal, (to, options) =>
          to.kv.range({ key: from, range_end: end, limit: pageSize, ...pinned }, options),
        ),
      );
      revision ??= page.header.revision;
      for (const kv of page.kvs) entries.push(entryOf(kv));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { revision, entries };
      from = Buffer.concat([last.key, Buffer.from([0])]);
    }
  });
}

/** How many keys there are, and how many changed after a revision. */
export function verifyPrefix(
  links: LinkInUse,
): RequestPort<Verification, { readonly prefix: string; readonly revision: string }> {
  return request<Verification, { readonly prefix: string; readonly revision: string }>(
    async ({ input, signal }) => {
      const key = bytesOf(input.prefix);
      const after = (BigInt(input.revision) + 1n).toString();
      const question = { key, range_end: prefixEnd(key), keys_only: true, min_mod_revision: after };
      const link = links.current();
      const answer = await link.reads.through(() =>
        link.call(signal, (to, options) => to.kv.range(question, options)),
      );
      return { revision: input.revision, changedCount: answer.kvs.length, totalCount: Number(answer.count) };
    },
  );
}

/** Follows a prefix from a revision on, over the link's shared watch stream. */
export function watchPrefix(
  links: LinkInUse,
): StreamPort<WatchFact, { readonly prefix: string; readonly fromRevision: string }> {
  return stream<WatchFact, { readonly prefix: string; readonly fromRevision: string }>(({ input, send }) => {
    try {
      return links.current().watches.watch(input.prefix, input.fromRevision, send);
    } catch (thrown) {
      const { kind, message } = failureFrom(thrown);
      queueMicrotask(() => send({ type: 'watch.broken', failure: { kind, message } }));
      return () => {};
    }
  });
}
