/** How a watch response that is too long for one message is cut, for watchers that asked for fragments. */
import type { WatchEvent, WatchResponse } from './messages.js';
import { bytesOfEvent, bytesOfResponse } from './sizes.js';

/** The longest message etcd takes from clients, which is also where it cuts what it sends. */
const fragmentBytesMax = 2 * 1024 * 1024;

/** The parts in which a response is sent; all but the last say `fragment`. A single event is never cut. */
export function fragmentsOf(response: WatchResponse): WatchResponse[] {
  if (response.events.length < 2 || bytesOfResponse(response) < fragmentBytesMax) return [response];
  const empty = bytesOfResponse({ ...response, events: [], fragment: true });
  const parts: WatchEvent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const event of response.events) {
    const more = bytesOfEvent(event);
    if (bytes + more >= fragmentBytesMax) {
      parts.push([]);
      bytes = empty;
    }
    parts.at(-1)?.push(event);
    bytes += more;
  }
  return parts.map((events, index) => ({ ...response, events, fragment: index < parts.length - 1 }));
}
