/** How one request becomes one answer or one gRPC error. */
import type { handleUnaryCall, Metadata } from '@grpc/grpc-js';
import type { EtcdCore } from '../etcd-core/core.js';
import type { Envelope, GuardedMethod, GuardedRequests } from '../etcd-core/gate.js';
import { EtcdRefusal } from '../etcd-core/refusal.js';
import type { Desk } from './desk.js';
import { noLeader, requiresLeader } from './leadership.js';
import { bytesOfRequest } from './services.js';

/** The longest message the server takes at all. */
const messageBytesMax = 2 * 1024 * 1024;

type Answer<Request, Response> = (core: EtcdCore, request: Request, envelope: Envelope) => Response;

/** Handles a unary method that any member answers by itself. */
export function local<Request extends object, Response>(
  desk: Desk,
  answer: Answer<Request, Response>,
): handleUnaryCall<Request, Response> {
  return unary(desk, answer, () => false);
}

/** Handles a unary method of the core that asks who calls. */
export function guarded<Method extends GuardedMethod>(
  desk: Desk,
  method: Method,
  needsLeader?: (request: GuardedRequests[Method]) => boolean,
): handleUnaryCall<GuardedRequests[Method], object> {
  type Carry = (request: GuardedRequests[Method], bytes: number) => object;
  const answer: Answer<GuardedRequests[Method], object> = (core, request, envelope) => {
    core.gate.admit(method, request, envelope);
    const carry = core[method] as Carry;
    return carry.call(core, request, envelope.bytes);
  };
  return unary(desk, answer, needsLeader);
}

/** The token that came with a call. */
export function tokenIn(metadata: Metadata): string | undefined {
  return metadata.get('token')[0]?.toString();
}

/** Handles a unary method with a function of the core. `needsLeader` tells whether it takes a cluster to answer. */
export function unary<Request extends object, Response>(
  desk: Desk,
  answer: Answer<Request, Response>,
  needsLeader: (request: Request) => boolean = () => true,
): handleUnaryCall<Request, Response> {
  return ({ request, metadata }, reply) => {
    const refuse = (thrown: unknown): void => reply(serviceErrorOf(thrown));
    const serve = (): void =>
      desk.serve((core) => {
        try {
          const bytes = bytesOfRequest(request);
          if (bytes > messageBytesMax) throw tooLong(bytes);
          reply(null, answer(core, request, { bytes, token: tokenIn(metadata) }));
        } catch (thrown) {
          refuse(thrown);
        }
      });
    if (!desk.leadership.present && requiresLeader(metadata)) desk.serve(() => refuse(noLeader));
    else if (needsLeader(request)) desk.leadership.whenPresent(serve, refuse);
    else serve();
  };
}

/** What the client gets for something thrown: etcd's refusal as it is, anything else as a defect of ours. */
export function serviceErrorOf(thrown: unknown): { code: number; details: string } {
  if (thrown instanceof EtcdRefusal) return { code: thrown.code, details: thrown.message };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: 13, details: `defect of the in-memory etcd: ${text}` };
}

function tooLong(bytes: number): EtcdRefusal {
  return new EtcdRefusal(8, `grpc: received message larger than max (${bytes} vs. ${messageBytesMax})`);
}
