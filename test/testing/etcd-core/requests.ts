/** Requests and answers of the core in short, for tests that read as stories. */
import type { IRangeRequest, IRequestOp, IWatchCreateRequest } from 'etcd3';
import { EtcdCore } from '../../../src/testing/etcd-core/core.js';
import type { KeyValue, WatchResponse } from '../../../src/testing/etcd-core/messages.js';

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export const put = (key: string, value = 'v', lease = '0'): IRequestOp => ({
  request_put: { key: bytes(key), value: bytes(value), lease },
});

export const del = (key: string, end?: string): IRequestOp => ({
  request_delete_range: { key: bytes(key), ...endOf(end) },
});

export const range = (key: string, end?: string, more: IRangeRequest = {}): IRangeRequest => ({
  key: bytes(key),
  ...endOf(end),
  ...more,
});

/** A core that has these operations behind it, each at a revision of its own. */
export function coreAfter(...ops: readonly IRequestOp[]): EtcdCore {
  const core = new EtcdCore();
  for (const op of ops) core.txn({ success: [op] });
  return core;
}

/** `key=value` of each. */
export const texts = (kvs: readonly KeyValue[]): string[] =>
  kvs.map(({ key, value }) => `${key.toString('latin1')}=${value.toString('latin1')}`);

/** What a call is refused with, or 'answered'. */
export function refusalOf(call: () => unknown): string {
  try {
    call();
    return 'answered';
  } catch (refusal) {
    const { code, message } = refusal as { code: number; message: string };
    return `${code} ${message}`;
  }
}

/** Opens a stream with one watcher and collects what it is told. */
export function watching(core: EtcdCore, create: IWatchCreateRequest): WatchResponse[] {
  const told: WatchResponse[] = [];
  core.openWatchStream((response) => told.push(response)).receive({ create_request: create });
  return told;
}

/** The events of responses, as `put key=value@revision` and `delete key@revision`. */
export const events = (told: readonly WatchResponse[]): string[] =>
  told.flatMap((response) =>
    response.events.map(({ type, kv }) =>
      type === 'Put'
        ? `put ${texts([kv])[0]}@${kv.mod_revision}`
        : `delete ${kv.key.toString('latin1')}@${kv.mod_revision}`,
    ),
  );

function endOf(end: string | undefined): { range_end?: Buffer } {
  return end === undefined ? {} : { range_end: bytes(end) };
}
