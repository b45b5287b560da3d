/**
 * What the core answers, in etcd's own message shapes (snake_case, int64 as decimal strings, Buffers for bytes). Requests
 * are etcd3's request types; its response types are not used, because they call fields present that are null on the wire.
 */

export interface ResponseHeader {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: string;
  readonly raft_term: string;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
  readonly value: Buffer;
  readonly lease: string;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: string;
}

export interface PutResponse {
  readonly header: ResponseHeader;
  readonly prev_kv: KeyValue | null;
}

export interface DeleteRangeResponse {
  readonly header: ResponseHeader;
  readonly deleted: string;
  readonly prev_kvs: readonly KeyValue[];
}

/** One answer inside a transaction's response; `response` names the field that is set. */
export type ResponseOp =
  | { readonly response: 'response_range'; readonly response_range: RangeResponse }
  | { readonly response: 'response_put'; readonly response_put: PutResponse }
  | { readonly response: 'response_delete_range'; readonly response_delete_range: DeleteRangeResponse }
  | { readonly response: 'response_txn'; readonly response_txn: TxnResponse };

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface WatchEvent {
  readonly type: 'Put' | 'Delete';
  readonly kv: KeyValue;
  readonly prev_kv: KeyValue | null;
}

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly watch_id: string;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: string;
  readonly cancel_reason: string;
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

/** The response of a request that tells nothing but the header. */
export interface HeaderOnly {
  readonly header: ResponseHeader;
}

export interface LeaseGrantResponse {
  readonly header: ResponseHeader;
  readonly ID: string;
  readonly TTL: string;
  readonly error: string;
}

export interface LeaseKeepAliveResponse {
  readonly header: ResponseHeader;
  readonly ID: string;
  readonly TTL: string;
}

export interface LeaseTimeToLiveResponse {
  readonly header: ResponseHeader;
  readonly ID: string;
  readonly TTL: string;
  readonly grantedTTL: string;
  readonly keys: readonly Buffer[];
}

export interface LeaseLeasesResponse {
  readonly header: ResponseHeader;
  readonly leases: readonly { readonly ID: string }[];
}
