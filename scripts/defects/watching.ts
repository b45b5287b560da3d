/** Taking out what is done against the defects of listing and following (W1–W10). */
import type { Removal } from './removal.js';

const following = 'machines/watcher-following.ts';
const watcherSetup = 'machines/watcher-setup.ts';
const watchStream = 'src/etcd/watch-stream.ts';
const urlList = 'src/url-list.ts';
const onEtcd = 'test/faults/defects-watch.test.ts';

const resumePoint = "fromRevision: context.revision ?? '1'";

export const watching: readonly Removal[] = [
  {
    defect: 'W1',
    what: 'watches from now on instead of from the listing on',
    edits: [{ file: following, find: resumePoint, replace: "fromRevision: '0'" }],
    test: 'test/contract/missed-changes.test.ts',
  },
  {
    defect: 'W2',
    what: 'follows from a later revision than the one it has listed at, so that a delete in between is lost',
    edits: [
      {
        file: 'src/etcd/entries.ts',
        find: 'if (!page.more || last === undefined) return { revision, entries };',
        replace: `if (!page.more || last === undefined) {
        const later = await link.call(signal, (to, options) => to.kv.range({ key: from }, options));
        return { revision: later.header.revision, entries };
      }`,
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W3',
    what: 'resumes from now on after a reconnect, and compares nothing',
    edits: [
      { file: following, find: resumePoint, replace: "fromRevision: '0'" },
      {
        file: watcherSetup,
        find: 'context.isProven && isAlike(context, found),',
        replace: 'context !== undefined && found !== undefined,',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W4',
    what: 'does not connect again once it was connected',
    edits: [
      {
        file: 'machines/connection.ts',
        find: "after: { reconnectBackoff: { target: 'connecting' } },",
        replace:
          "after: { reconnectBackoff: { guard: ({ context }) => context.epoch === 0, target: 'connecting' } },",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W5',
    what: 'takes the whole key for a name once it has told a list',
    edits: [
      {
        file: urlList,
        find: 'const name = childOf(this.path, key);',
        replace: 'const name = this.#position === undefined ? childOf(this.path, key) : key;',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W5',
    what: 'gives whole keys instead of names',
    edits: [
      {
        file: 'src/child-list.ts',
        find: 'if (name !== undefined) this.#names.add(name);',
        replace: 'if (name !== undefined) this.#names.add(key);',
      },
    ],
    test: 'test/public/etcd-client.test.ts',
  },
  {
    defect: 'W6',
    what: 'forgets its listeners when the link breaks',
    edits: [
      {
        file: 'src/view.ts',
        find: 'for (const reader of this.#readers) reader.stale(staleness);',
        replace: 'for (const reader of this.#readers) reader.stale(staleness);\n    this.#readers.clear();',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W7',
    what: 'adds a new listing to the old one',
    edits: [
      {
        file: urlList,
        find: 'const before = this.#keys.splice(0);\n    this.#urls.length = 0;',
        replace: 'const before = [...this.#keys];',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W8',
    what: 'watches a prefix without its last slash, and takes the last segment for the name',
    edits: [
      { file: urlList, find: 'prefix: string = prefixOf(path),', replace: 'prefix: string = path,' },
      {
        file: 'src/key-layout.ts',
        find: 'if (!key.startsWith(prefix)) return undefined;\n  const name = key.slice(prefix.length);',
        replace: "if (prefix === '') return undefined;\n  const name = key.slice(key.lastIndexOf('/') + 1);",
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W9',
    what: 'drops what comes over a link in doubt',
    edits: [
      {
        file: watchStream,
        find: 'if (this.#stream !== stream) return;\n      this.#unansweredSince = undefined;',
        replace:
          'if (this.#stream !== stream) return;\n      if (this.#unansweredSince !== undefined && response.events.length > 0) return;\n      this.#unansweredSince = undefined;',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W10',
    what: 'ignores that etcd has cancelled a watch',
    edits: [
      {
        file: watchStream,
        find: 'if (watch === undefined) return;\n    if (response.compact_revision',
        replace: 'if (watch === undefined || response.canceled) return;\n    if (response.compact_revision',
      },
    ],
    test: 'test/contract/adapters.test.ts',
  },
  {
    defect: 'W10',
    what: 'ignores the end of the watch stream',
    edits: [
      {
        file: watchStream,
        find: "stream.on('end', () => ended(new Failure('unreachable', 'etcd ended the watch stream')));",
        replace: "stream.on('end', () => {});",
      },
    ],
    test: 'test/faults/network.test.ts',
  },
];
