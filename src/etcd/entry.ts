/** A key-value pair of etcd as the machines speak of it. */
import type { IKeyValue } from 'etcd3';
import type { Entry } from '../../machines/index.js';
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
