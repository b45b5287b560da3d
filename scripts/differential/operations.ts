/** What is tried on both etcds, as data. */
import type {
  IAlarmRequest,
  IDeleteRangeRequest,
  IPutRequest,
  IRangeRequest,
  ITxnRequest,
  IWatchCreateRequest,
} from 'etcd3';

/** How many watch streams are open at a time. */
export const streamCount = 3;

export type Operation =
  | { readonly kind: 'range'; readonly request: IRangeRequest }
  | { readonly kind: 'put'; readonly request: IPutRequest }
  | { readonly kind: 'delete'; readonly request: IDeleteRangeRequest }
  | { readonly kind: 'txn'; readonly request: ITxnRequest }
  | { readonly kind: 'burst'; readonly count: number; readonly request: IPutRequest }
  | { readonly kind: 'compact'; readonly revision: number }
  | { readonly kind: 'grant'; readonly id: string; readonly ttl: string }
  | { readonly kind: 'grantBriefly'; readonly id: string; readonly ttl: string }
  | { readonly kind: 'revoke'; readonly id: string }
  | { readonly kind: 'keepAlive'; readonly id: string }
  | { readonly kind: 'timeToLive'; readonly id: string; readonly keys: boolean }
  | { readonly kind: 'alarm'; readonly request: IAlarmRequest }
  | { readonly kind: 'leases' }
  | { readonly kind: 'compactedRevision' }
  | {
      readonly kind: 'watch';
      readonly stream: number;
      readonly quiet: boolean;
      readonly request: IWatchCreateRequest;
    }
  | { readonly kind: 'unwatch'; readonly stream: number; readonly id: string }
  | { readonly kind: 'reopen'; readonly stream: number }
  | { readonly kind: 'restart' };
