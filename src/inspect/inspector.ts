/** The offline inspector: a page on this machine that shows what registries do, without internet. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RegistryError } from '../errors.js';
import type { Registry } from '../registry.js';
import type { SecretOptions } from '../secrets.js';
import { assetOf } from './assets.js';
import { allowedPath, isLoopback, protect, randomToken } from './guard.js';
import { observeActors, requireInspected, secretsOf } from './observe.js';
import type { ActorsMessage, RegistrySummary } from './page/protocol.js';
import { tight } from './plain.js';
import { Roster } from './roster.js';
import { summaryOf } from './summary.js';
import { Timeline } from './timeline.js';
import { type Viewer, Viewers } from './viewers.js';

export interface InspectorOptions extends SecretOptions {
  /** @defaultValue a free one */
  readonly port?: number;
  /** A name of this machine; others are refused. @defaultValue '127.0.0.1' */
  readonly host?: string;
}

/** A page that is being served. */
export interface Inspector extends AsyncDisposable {
  /** Where the page is; whoever knows it, and is on this machine, may look. */
  readonly url: string;
  /** Ends the server and all pages; the registries go on. Idempotent. */
  close(): Promise<void>;
}

/** Pages are told what is new four times a second. */
const flushMs = 250;

/** Rows in one message; more come in further ones, so that a page begins to show them. */
const rowsPerMessage = 1_000;

/** Looking at the registries may take a tenth of the time; with many thousand actors it is done less often. */
const restPerWork = 9;

/** Serves the page that shows these registries. It does not keep the process alive, and changes nothing in them. */
export async function startInspector(
  registries: Registry | readonly Registry[],
  options: InspectorOptions = {},
): Promise<Inspector> {
  const { port = 0, host = '127.0.0.1' } = options;
  if (!isLoopback(host)) {
    const reason = `"${host}" can be reached from other machines`;
    throw new RegistryError('INVALID_OPTION', `cannot use option 'host': ${reason}; give 127.0.0.1 or ::1`, {
      option: 'host',
      reason,
    });
  }
  const all = Array.isArray(registries) ? (registries as readonly Registry[]) : [registries as Registry];
  const inspection = new Inspection(all, options);
  const server = createServer((request, response) => void inspection.answer(request, response));
  try {
    server.listen({ port, host });
    await once(server, 'listening');
  } catch (error) {
    inspection.end();
    throw error;
  }
  server.unref();
  const { port: actualPort } = server.address() as AddressInfo;
  const authority = host.includes(':') ? `[${host}]` : host;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll(server, inspection);
    return closing;
  };
  return {
    url: `http://${authority}:${actualPort}/${inspection.token}/`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function closeAll(server: Server, inspection: Inspection): Promise<void> {
  inspection.end();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

interface Source {
  readonly roster: Roster;
  readonly summary: () => RegistrySummary;
  readonly end: () => void;
}

class Inspection {
  readonly token: string = randomToken();
  readonly #timeline = new Timeline();
  readonly #viewers = new Viewers();
  readonly #sources: readonly Source[];
  #timer: NodeJS.Timeout | undefined;
  #hasNews = true;

  constructor(registries: readonly Registry[], options: SecretOptions) {
    this.#sources = registries.map((registry, index) => this.#sourceOf(registry, index, options));
  }

  end(): void {
    for (const { end } of this.#sources) end();
    clearTimeout(this.#timer);
    this.#viewers.close();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    protect(response);
    const path = allowedPath(request, this.token);
    if (path === undefined) return refuse(response, 403);
    if (request.method !== 'GET') return refuse(response, 405);
    if (path === '') {
      response.writeHead(308, { location: `/${this.token}/` }).end();
      return;
    }
    if (path === '/feed') {
      this.#viewers.add(response);
      this.#schedule(0);
      return;
    }
    const [, actorId] = /^\/actors\/(x:\d+)$/.exec(decoded(path)) ?? [];
    if (actorId !== undefined) return this.#answerDetail(actorId, response);
    const asset = await assetOf(path);
    if (asset === undefined) return refuse(response, 404);
    response.writeHead(200, { 'content-type': asset.type }).end(asset.content);
  }

  #answerDetail(actorId: string, response: ServerResponse): void {
    for (const { roster } of this.#sources) {
      const detail = roster.detail(actorId);
      if (detail === undefined) continue;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(detail));
      return;
    }
    refuse(response, 404);
  }

  #sourceOf(registry: Registry, index: number, options: SecretOptions): Source {
    const inspected = requireInspected(registry);
    const secrets = secretsOf(inspected, options);
    const roster = new Roster(inspected, index, secrets);
    roster.look();
    // What is told at first was there before; the registry itself comes first.
    let isNews = false;
    const end = observeActors(
      inspected,
      (observation) => {
        if (observation.type !== 'actor') isNews = observation.type !== 'missed';
        this.#timeline.note(observation, index, isNews);
        this.#hasNews = true;
        this.#schedule(flushMs);
      },
      { secrets, limits: tight },
    );
    const { label } = inspected;
    return { roster, end, summary: () => summaryOf(inspected.status(), { registry: index, label, secrets }) };
  }

  /** Works only while somebody looks, and rests in between. */
  #schedule(ms: number): void {
    if (this.#viewers.size === 0) return;
    if (ms === 0) clearTimeout(this.#timer);
    else if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      const began = performance.now();
      this.#flush();
      const restMs = Math.max(flushMs, (performance.now() - began) * restPerWork);
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (this.#hasNews) this.#schedule(1);
      }, restMs).unref();
    }, ms).unref();
  }

  #flush(): void {
    const viewers = this.#viewers.ready();
    if (viewers.length === 0) return;
    this.#hasNews = false;
    const changes = this.#sources.map(({ roster }) => roster.look());
    const rows = changes.flatMap((each) => each.rows);
    const gone = changes.flatMap((each) => each.gone);
    const summaries = this.#sources.map(({ summary }) => summary());
    for (const viewer of viewers) {
      if (viewer.isNew)
        tellActors(
          viewer,
          true,
          this.#sources.flatMap(({ roster }) => roster.rows()),
          [],
        );
      else if (rows.length + gone.length > 0) tellActors(viewer, false, rows, gone);
      viewer.isNew = false;
      viewer.tell('summaries', summaries);
      this.#tellTimeline(viewer);
    }
  }

  #tellTimeline(viewer: Viewer): void {
    const entries = this.#timeline.since(viewer.serial);
    const skipped = viewer.serial === 0 ? 0 : this.#timeline.lastSerial - viewer.serial - entries.length;
    viewer.serial = this.#timeline.lastSerial;
    if (entries.length > 0) viewer.tell('timeline', { entries, skipped });
  }
}

function tellActors(
  viewer: Viewer,
  isAll: boolean,
  rows: ActorsMessage['rows'],
  gone: ActorsMessage['gone'],
): void {
  viewer.tell('actors', { isAll, rows: rows.slice(0, rowsPerMessage), gone } satisfies ActorsMessage);
  for (let first = rowsPerMessage; first < rows.length; first += rowsPerMessage) {
    const more: ActorsMessage = { isAll: false, rows: rows.slice(first, first + rowsPerMessage), gone: [] };
    viewer.tell('actors', more);
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

function refuse(response: ServerResponse, code: number): void {
  response.writeHead(code, { 'content-type': 'text/plain' }).end(`${code}\n`);
}
