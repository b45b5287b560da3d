/** Key-value pairs and events of etcd as the machines speak of them. */
import type { IEvent, IKeyValue } from 'etcd3';
import type { Entry, EntryChange } from '../../machines/index.js';
import { textOf } from './text.js';

export function entryOf(kv: IKeyValue): Entry {
  return {
    key: textOf(kv.key),
    value: textOf(kv.value),
    createRevision: kv.create_revision,
    modRevision: kv.mod_revision,
    leaseId: kv.lease,
  };
}

export function changeOf(event: IEvent): EntryChange {
  return event.type === 'Delete' || (event.type as string) === 'DELETE'
    ? { type: 'delete', key: textOf(event.kv.key), modRevision: event.kv.mod_revision }
    : { type: 'put', ...entryOf(event.kv) };
}
