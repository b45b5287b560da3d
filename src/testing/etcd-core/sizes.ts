/** How long watch responses are as protocol buffers; fragments are cut by it. */
import type { KeyValue, ResponseHeader, WatchEvent, WatchResponse } from './messages.js';

/** The encoded length of a watch response, in bytes. */
export function bytesOfResponse(response: WatchResponse): number {
  const events = response.events.reduce((sum, event) => sum + bytesOfEvent(event), 0);
  const flags = [response.created, response.canceled, response.fragment].filter(Boolean).length * 2;
  return (
    nested(bytesOfHeader(response.header)) +
    integer(response.watch_id) +
    flags +
    events +
    integer(response.compact_revision)
  );
}

/** The encoded length of one event as an element of its response. */
export function bytesOfEvent(event: WatchEvent): number {
  const previous = event.prev_kv ? nested(bytesOfKeyValue(event.prev_kv)) : 0;
  return nested((event.type === 'Delete' ? 2 : 0) + nested(bytesOfKeyValue(event.kv)) + previous);
}

function bytesOfKeyValue(kv: KeyValue): number {
  const texts = [kv.key, kv.value].reduce(
    (sum, bytes) => sum + (bytes.length > 0 ? nested(bytes.length) : 0),
    0,
  );
  return (
    texts + integer(kv.create_revision) + integer(kv.mod_revision) + integer(kv.version) + integer(kv.lease)
  );
}

function bytesOfHeader(header: ResponseHeader): number {
  return (
    integer(header.cluster_id) +
    integer(header.member_id) +
    integer(header.revision) +
    integer(header.raft_term)
  );
}

/** A field with its length in front. */
function nested(bytes: number): number {
  return 1 + varint(BigInt(bytes)) + bytes;
}

/** An integer field; zero is not sent. */
function integer(value: string): number {
  const number = BigInt.asUintN(64, BigInt(value));
  return number === 0n ? 0 : 1 + varint(number);
}

function varint(value: bigint): number {
  return Math.max(1, Math.ceil(value.toString(2).length / 7));
}
