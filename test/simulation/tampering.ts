/** Transactions that lack what makes them safe; for sabotage. */

interface Operation {
  readonly request_delete_range?: object;
  readonly request_txn?: Txn;
}
export interface Txn {
  readonly compare?: readonly { readonly target?: unknown }[];
  readonly success?: readonly Operation[];
}

/** Compares nothing, if it compared a fence. */
export function withoutFence(txn: Txn): Txn {
  return txn.compare?.[0]?.target === 'Value' ? { ...txn, compare: [] } : txn;
}

/** Deletes without comparing whose the keys are. */
export function withoutGuards(txn: Txn): Txn {
  const success = (txn.success ?? []).map((operation) => {
    const inner = operation.request_txn?.success?.[0];
    return inner?.request_delete_range === undefined ? operation : inner;
  });
  return { ...txn, success };
}
