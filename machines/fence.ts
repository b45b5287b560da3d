/** The key that every write of ours compares, and what is known of it (docs/decisions/0005). */

/** The fence of this process: a key under our lease that every write compares. */
export type Fence =
  | { readonly status: 'unopened' }
  | { readonly status: 'open'; readonly value: string }
  /** etcd does not permit us to keep one; the audit is the only guard. */
  | { readonly status: 'denied' }
  /** It was denied under another lease, over another link or before an audit was due; asked for again before the next write. */
  | { readonly status: 'deniedBefore' };

/** The fence belongs to a lease; with a new one it has to be opened again. */
export function closedFence(fence: Fence): Fence {
  return isDeniedFence(fence) ? { status: 'deniedBefore' } : { status: 'unopened' };
}

/** True when the fence was denied when we asked for it last. */
export function isDeniedFence({ status }: Fence): boolean {
  return status === 'denied' || status === 'deniedBefore';
}
