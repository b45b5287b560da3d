/** Taking out what is done against the defects of watches that end, and of telling (W11–W19). */
import type { Removal } from './removal.js';

const watchStream = 'src/etcd/watch-stream.ts';
const urlList = 'src/url-list.ts';
const notifier = 'src/notifier.ts';
const onEtcd = 'test/faults/defects-watch.test.ts';

export const telling: readonly Removal[] = [
  {
    defect: 'W11',
    what: 'does not tell etcd that a watch is not needed any more',
    edits: [
      {
        file: watchStream,
        find: 'if (!isCreating) this.#stream?.write({ cancel_request: { watch_id: watch.id } });',
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
