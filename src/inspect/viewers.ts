/** The pages that are open. Each is told as fast as it reads: one that lags is left out, and told everything anew. */
import type { ServerResponse } from 'node:http';

/** A page that has not read this many bytes is lagging. */
const unreadBytesMax = 4 * 1024 * 1024;

export interface Viewer {
  /** The last entry of the timeline that it was told. */
  serial: number;
  /** It has to be told everything before it can be told news. */
  isNew: boolean;
  /** False while it lags behind. */
  readonly isReady: boolean;
  tell(name: string, message: unknown): void;
}

export class Viewers {
  readonly #viewers = new Map<ServerResponse, Viewer>();

  get size(): number {
    return this.#viewers.size;
  }

  add(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    response.write(': leasehold\n\n');
    this.#viewers.set(response, viewerOn(response));
    response.on('close', () => this.#viewers.delete(response));
    response.on('error', () => this.#viewers.delete(response));
  }

  /** Those that can be told something now. Those that cannot will have to be told everything. */
  ready(): readonly Viewer[] {
    const ready: Viewer[] = [];
    for (const viewer of this.#viewers.values()) {
      if (viewer.isReady) ready.push(viewer);
      else viewer.isNew = true;
    }
    return ready;
  }

  close(): void {
    for (const response of this.#viewers.keys()) response.destroy();
    this.#viewers.clear();
  }
}

function viewerOn(response: ServerResponse): Viewer {
  return {
    serial: 0,
    isNew: true,
    get isReady() {
      return response.writableLength < unreadBytesMax && !response.destroyed;
    },
    tell: (name, message) => void response.write(`event: ${name}\ndata: ${JSON.stringify(message)}\n\n`),
  };
}
