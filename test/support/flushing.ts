/** Flushes for tests of what answers mean. */
import type { FlushState } from '../../machines/flush.js';
import type { BatchOutcome, FailureKind, WriteBatch } from '../../machines/index.js';
import { planWrites } from '../../machines/write-plan.js';
import { keysOf, registrationOf, registrationsOf } from './desired.js';

/** A flush of /a and /b under lease 42, at fence 0; and its one transaction. */
export function flushing(given: Partial<FlushState> = {}): { state: FlushState; batch: WriteBatch } {
  const state: FlushState = {
    registrations: registrationsOf(registrationOf('/a'), registrationOf('/b')),
    dirty: keysOf('/a', '/b'),
    ensured: keysOf(),
    lease: { leaseId: '42', generation: 1 },
    fence: { status: 'open', value: '0' },
    terms: { leaseId: '42', fence: '0' },
    fenceFlush: 4,
    flush: 5,
    retries: 0,
    attempt: 0,
    ...given,
  };
  const [batch] = planWrites({ ...state, ...state.terms, dirty: state.dirty.keys() });
  if (batch === undefined) throw new Error('nothing to flush');
  return { state, batch };
}

export function failedWith(kind: FailureKind): BatchOutcome {
  return { type: 'failed', failure: { kind, message: kind } };
}
