/**
 * A gateway that speaks HTTP/2 on both sides, as a service mesh's does: passes every call on to etcd, and can answer
 * calls itself, end a stream without an error, and say GOAWAY.
 */

import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { freePort } from '../../support/free-port.js';

/** How a call ends that the gateway answers itself. */
export interface GrpcAnswer {
  readonly status: number;
  readonly message: string;
}

export class Gateway {
  readonly endpoint: string;
  /** Asked for each call by its path, e.g. `/etcdserverpb.KV/Txn`; undefined passes it on. */
  answer: (path: string) => GrpcAnswer | undefined = () => undefined;
  /** The headers of every call so far. */
  readonly calls: IncomingHttpHeaders[] = [];
  readonly #server: Http2Server;
  readonly #upstream: ClientHttp2Session;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #streams = new Map<ServerHttp2Stream, string>();
  #muted = '';
  /** Connections that clients have made so far. */
  connections = 0;

  private constructor(port: number, target: string) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#upstream = connect(target);
    this.#upstream.on('error', () => {});
    this.#server = createServer();
    this.#server.on('session', (session) => {
      this.connections += 1;
      this.#sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => this.#sessions.delete(session));
    });
    this.#server.on('stream', (stream, headers) => this.#pass(stream, headers));
    this.#server.listen(port, '127.0.0.1');
  }

  static async start(target: string): Promise<Gateway> {
    const gateway = new Gateway(await freePort(), target);
    await once(gateway.#server, 'listening');
    return gateway;
  }

  /** Ends, without an error, every open stream whose path contains this. Returns how many there were. */
  endStreams(path: string): number {
    const found = [...this.#streams].filter(([, each]) => each.includes(path));
    for (const [stream] of found) stream.end();
    return found.length;
  }

  /** Passes on nothing more that etcd says in streams whose path contains this. */
  mute(path: string): void {
    this.#muted = path;
  }

  /** Tells every client to go away; 0 is NO_ERROR, 11 ENHANCE_YOUR_CALM. */
  goAway(code: number): void {
    const reason = code === constants.NGHTTP2_ENHANCE_YOUR_CALM ? Buffer.from('too_many_pings') : undefined;
    for (const session of this.#sessions) {
      session.goaway(code, 0, reason);
      if (code !== constants.NGHTTP2_NO_ERROR) session.destroy();
      else session.close();
    }
  }

  close(): void {
    this.#upstream.destroy();
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }

  #pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const path = String(headers[':path']);
    this.#streams.set(stream, path);
    this.calls.push(headers);
    stream.on('close', () => this.#streams.delete(stream));
    stream.on('error', () => {});
    const own = this.answer(path);
    if (own !== undefined) {
      const trailers = { 'grpc-status': String(own.status), 'grpc-message': encodeURIComponent(own.message) };
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...trailers },
        { endStream: true },
      );
      return;
    }
    const { [':authority']: _, ...rest } = headers;
    passBetween(stream, this.#upstream.request(rest), () => this.#muted !== '' && path.includes(this.#muted));
  }
}

function passBetween(stream: ServerHttp2Stream, upstream: ClientHttp2Stream, isMuted: () => boolean): void {
  let trailers: IncomingHttpHeaders = { 'grpc-status': '0' };
  upstream.on('error', () => stream.destroy());
  upstream.on('trailers', (given) => {
    trailers = given;
  });
  upstream.on('response', (given, flags) => {
    if (stream.destroyed) return;
    const isOnlyTrailers = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    if (isOnlyTrailers) stream.respond(given, { endStream: true });
    else stream.respond(given, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  });
  upstream.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.writableEnded && !isMuted()) stream.write(chunk);
  });
  upstream.on('end', () => {
    if (!stream.destroyed) stream.end();
  });
  stream.on('data', (chunk: Buffer) => upstream.write(chunk));
  stream.on('end', () => upstream.end());
  stream.on('close', () => upstream.close(constants.NGHTTP2_CANCEL));
}
