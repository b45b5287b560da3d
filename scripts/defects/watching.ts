/** Taking out what is done against the defects of watching and listing (W1–W19). */
import type { Removal } from './removal.js';

const following = 'machines/watcher-following.ts';
const watcherSetup = 'machines/watcher-setup.ts';
const watchStream = 'src/etcd/watch-stream.ts';
const urlList = 'src/url-list.ts';
const notifier = 'src/notifier.ts';
const onEtcd = 'test/faults/defects-watch.test.ts';

const resumePoint = "fromRevision: nextRevision(context.revision ?? '0')";

export const watching: readonly Removal[] = [
  {
    defect: 'W1',
    what: 'watches from now on instead of from the listing on',
    edits: [{ file: following, find: resumePoint, replace: "fromRevision: '0'" }],
    test: onEtcd,
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
        find: 'found.revision === context.revision && found.changedCount === 0 && found.totalCount === context.size,',
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
  {
    defect: 'W11',
    what: 'does not tell etcd that a watch is not needed any more',
    edits: [
      {
        file: watchStream,
        find: 'if (wasOpen && !isCreating) this.#stream?.write({ cancel_request: { watch_id: watch.id } });',
        replace: '',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W12',
    what: 'forgets an unsubscription during an outage',
    edits: [
      {
        file: 'machines/watcher-hub.ts',
        find: 'return known === undefined ? state : left(step, event.prefix, known);',
        replace:
          'return known === undefined || state.link === null ? state : left(step, event.prefix, known);',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W13',
    what: 'does not try again after a listing that failed',
    edits: [
      {
        file: 'machines/watcher.ts',
        find: "{ guard: 'canResume', target: '#watcher.following.reconnecting' },\n          { target: '#watcher.listing' },",
        replace: '{},',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W14',
    what: 'opens streams without asking for a leader',
    edits: [{ file: 'src/etcd/transport.ts', find: "metadata.set('hasleader', 'true');", replace: '' }],
    test: onEtcd,
  },
  {
    defect: 'W15',
    what: 'waits longer and longer without a limit',
    edits: [
      {
        file: 'machines/backoff.ts',
        find: 'Math.min(backoff.maxMs, backoff.firstMs',
        replace: 'Math.max(0, backoff.firstMs',
      },
    ],
    test: 'test/defects/retry.test.ts',
  },
  {
    defect: 'W15',
    what: 'waits without dice',
    edits: [
      {
        file: 'src/delays.ts',
        find: 'Math.ceil(backoffMs(backoff, context.attempt) * random())',
        replace: 'Math.ceil(backoffMs(backoff, context.attempt) + 0 * random())',
      },
    ],
    test: 'test/defects/retry.test.ts',
  },
  {
    defect: 'W16',
    what: 'waits for every listener before it calls the next',
    edits: [
      {
        file: notifier,
        find: 'const retryMsFirst = 100;',
        replace: 'let everyPass: Promise<unknown> = Promise.resolve();\nconst retryMsFirst = 100;',
      },
      {
        file: notifier,
        find: 'soon(() => this.#deliver());',
        replace: 'soon(() => void everyPass.then(() => this.#deliver()));',
      },
      {
        file: notifier,
        find: 'void Promise.all(calls).then(',
        replace: 'everyPass = Promise.all(calls);\n    void Promise.all(calls).then(',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W17',
    what: 'tells every revision by itself',
    edits: [{ file: notifier, find: 'if (windowMs === 0) return;', replace: 'if (windowMs >= 0) return;' }],
    test: onEtcd,
  },
  {
    defect: 'W18',
    what: 'leaves a link that it has given up as it is',
    edits: [
      {
        file: 'src/etcd/link.ts',
        find: 'close(): void {\n    this.#link?.close();\n    this.#link = undefined;',
        replace: 'close(): void {\n    this.#link = undefined;',
      },
    ],
    test: onEtcd,
  },
  {
    defect: 'W19',
    what: 'keeps providers in the order in which they came',
    edits: [
      {
        file: urlList,
        find: 'let low = 0;\n    let high = this.#keys.length;',
        replace:
          'const found = this.#keys.indexOf(key);\n    if (found !== undefined) return found < 0 ? this.#keys.length : found;\n    let low = 0;\n    let high = this.#keys.length;',
      },
    ],
    test: onEtcd,
  },
];
