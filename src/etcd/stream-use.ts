/** What the streams of a link share. */
import type { Failure } from '../../machines/index.js';
import type { Login } from './login.js';
import type { Transport } from './transport.js';

export interface StreamUse {
  readonly transport: Transport;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  readonly login: Login;
  /** Takes word about the link. */
  readonly report: (failure: Failure) => void;
}
