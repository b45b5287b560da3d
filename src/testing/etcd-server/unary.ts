/** How one request becomes one answer or one gRPC error. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { EtcdCore } from '../etcd-core/core.js';
import { EtcdRefusal } from '../etcd-core/refusal.js';
import type { Desk } from './desk.js';
import { bytesOfRequest } from './services.js';

/** The longest message the server takes at all. */
const messageBytesMax = 2 * 1024 * 1024;

/** Handles a unary method with a function of the core. */
export function unary<Request extends object, Response>(
  desk: Desk,
  answer: (core: EtcdCore, request: Request, bytes: number) => Response,
): handleUnaryCall<Request, Response> {
  return ({ request }, reply) => {
    desk.serve((core) => {
      try {
        const bytes = bytesOfRequest(request);
        if (bytes > messageBytesMax) throw tooLong(bytes);
        reply(null, answer(core, request, bytes));
      } catch (thrown) {
        reply(serviceErrorOf(thrown));
      }
    });
  };
}

/** What the client gets for something thrown: etcd's refusal as it is, anything else as a defect of ours. */
function serviceErrorOf(thrown: unknown): { code: number; details: string } {
  if (thrown instanceof EtcdRefusal) return { code: thrown.code, details: thrown.message };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: 13, details: `defect of the in-memory etcd: ${text}` };
}

function tooLong(bytes: number): EtcdRefusal {
  return new EtcdRefusal(8, `grpc: received message larger than max (${bytes} vs. ${messageBytesMax})`);
}
