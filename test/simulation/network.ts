/**
 * The simulated network: one link per process to the simulated etcd, connections over it, and in each connection two
 * lanes that keep their order. Faults hold lanes, reset connections and refuse new ones.
 */
import type { Dice } from './chance.js';
import { Lane } from './lane.js';
import type { VirtualClock } from './virtual-clock.js';

/** The server's end, as the network needs it. */
export interface Host {
  /** False when nobody listens. */
  readonly isListening: boolean;
}

export interface ConnectionEvents {
  onOpen(): void;
  onLost(reason: string): void;
}

/** One connection of a process to etcd. */
export class Connection {
  readonly link: Link;
  readonly up: Lane;
  readonly down: Lane;
  /** Closes what the server keeps for this connection. */
  readonly serverEnds = new Set<() => void>();
  #client: ConnectionEvents | undefined;
  #isAccepted = false;
  #isEndedByServer = false;

  constructor(link: Link, clock: VirtualClock, latencyMs: () => number, client: ConnectionEvents) {
    this.link = link;
    this.#client = client;
    this.up = new Lane(clock, latencyMs);
    this.down = new Lane(clock, latencyMs);
  }

  /** True while the client believes in it. */
  get isOwned(): boolean {
    return this.#client !== undefined;
  }

  /** True while the server serves it. */
  get isServed(): boolean {
    return this.#isAccepted && !this.#isEndedByServer;
  }

  /** True when the server serves it no more. */
  get isEnded(): boolean {
    return this.#isEndedByServer;
  }

  accept(): void {
    this.#isAccepted = true;
    this.down.send(() => this.#client?.onOpen());
  }

  /** To the server, if it still serves this connection when it arrives. */
  ask(deliver: () => void): void {
    this.up.send(() => {
      if (this.isServed) deliver();
    });
  }

  /** To the client, if it still wants it when it arrives. */
  answer(deliver: () => void): void {
    this.down.send(() => {
      if (this.isOwned) deliver();
    });
  }

  /** The client gives the connection up; the server hears of it when what is under way has arrived. */
  closeByClient(): void {
    if (!this.isOwned) return;
    this.#client = undefined;
    if (this.#isEndedByServer) this.link.forget(this);
    else this.up.send(() => this.#endServer());
  }

  /** The client finds that nobody answers any more. */
  lose(reason: string): void {
    const client = this.#client;
    if (client === undefined) return;
    this.closeByClient();
    client.onLost(reason);
  }

  /** The server is gone, or refuses. What it sent still arrives, and then the news. */
  closeByServer(reason: string): void {
    this.up.take();
    this.#endServer();
    this.down.send(() => this.lose(reason));
  }

  /** The connection is reset in the middle: of what is under way to the server, the first `arriving` get through. */
  reset(arriving: (underWay: number) => number): void {
    const underWay = this.up.take();
    for (const deliver of underWay.slice(0, arriving(underWay.length))) deliver();
    this.down.take();
    this.closeByServer('read ECONNRESET');
  }

  #endServer(): void {
    if (this.#isEndedByServer) return;
    this.#isEndedByServer = true;
    for (const end of this.serverEnds) end();
    this.serverEnds.clear();
    if (!this.isOwned) this.link.forget(this);
  }
}

/** The way between one process and etcd. */
export class Link {
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #host: Host;
  readonly #connections = new Set<Connection>();
  #heldUp = 0;
  #heldDown = 0;
  #cuts = 0;
  readonly #slowdowns: number[] = [];
  #slowdown = 1;
  #answersToLose = 0;
  /** How often a connection was tried, and how often one was lost. */
  dialCount = 0;
  lostCount = 0;
  /** Since when nothing gets through; undefined when everything does. */
  heldSinceMs: number | undefined;

  constructor(clock: VirtualClock, dice: Dice, host: Host) {
    this.#clock = clock;
    this.#dice = dice;
    this.#host = host;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** True when nothing gets through in at least one direction. */
  get isHeld(): boolean {
    return this.#heldUp + this.#heldDown > 0;
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  connect(client: ConnectionEvents): Connection {
    this.dialCount += 1;
    const events = {
      onOpen: () => client.onOpen(),
      onLost: (reason: string) => {
        this.lostCount += 1;
        client.onLost(reason);
      },
    };
    const latencyMs = (): number => (0.3 + this.#dice.next() * 2) * this.#slowdown;
    const connection = new Connection(this, this.#clock, latencyMs, events);
    if (this.#cuts > 0) {
      this.#clock.setTimeout(() => connection.lose('connect ECONNREFUSED'), 3);
      return connection;
    }
    this.#connections.add(connection);
    if (this.#heldUp > 0) connection.up.hold();
    if (this.#heldDown > 0) connection.down.hold();
    if (this.isHeld) this.#watchHold(connection);
    connection.up.send(() => {
      if (this.#host.isListening) connection.accept();
      else connection.closeByServer('connect ECONNREFUSED');
    });
    return connection;
  }

  /** Resets every connection; new ones are possible at once. */
  reset(): void {
    for (const connection of this.#connections) {
      if (connection.isEnded) continue;
      connection.reset((underWay) => this.#dice.integer(0, underWay));
    }
  }

  /** Resets every connection and refuses new ones until the returned function is called. */
  cut(): () => void {
    this.#cuts += 1;
    this.reset();
    return () => {
      this.#cuts -= 1;
    };
  }

  /** Nothing gets through in these directions, and nobody is told; ends with the returned function. */
  hold({ up, down }: { readonly up: boolean; readonly down: boolean }): () => void {
    this.heldSinceMs ??= this.#clock.nowMs;
    this.#heldUp += Number(up);
    this.#heldDown += Number(down);
    for (const connection of this.#connections) {
      if (up) connection.up.hold();
      if (down) connection.down.hold();
      this.#watchHold(connection);
    }
    return () => {
      this.#heldUp -= Number(up);
      this.#heldDown -= Number(down);
      if (!this.isHeld) this.heldSinceMs = undefined;
      for (const connection of this.#connections) {
        if (this.#heldUp === 0) connection.up.release();
        if (this.#heldDown === 0) connection.down.release();
      }
    };
  }

  /** Messages take so many times as long, or longer while something else slows them down more. */
  slowDown(factor: number): () => void {
    this.#slowdowns.push(factor);
    this.#slowdown = Math.max(...this.#slowdowns);
    return () => {
      this.#slowdowns.splice(this.#slowdowns.indexOf(factor), 1);
      this.#slowdown = Math.max(1, ...this.#slowdowns);
    };
  }

  /** The next so many answers to writes are lost together with their connection. */
  loseAnswers(count: number): void {
    this.#answersToLose += count;
  }

  keepAnswers(): void {
    this.#answersToLose = 0;
  }

  /** True when the answer that is due now has to be lost. */
  takesAnswer(): boolean {
    if (this.#answersToLose === 0) return false;
    this.#answersToLose -= 1;
    return true;
  }

  /** A ping every 5 s that is not answered within 2 s ends a connection (grpc.keepalive_time_ms and _timeout_ms). */
  #watchHold(connection: Connection): void {
    const sinceMs = this.#clock.nowMs;
    const pingMs = 5_000 * this.#dice.next() + 2_000;
    this.#clock.setTimeout(() => {
      if (this.heldSinceMs !== undefined && this.heldSinceMs <= sinceMs) connection.lose('Keepalive timeout');
    }, pingMs);
  }
}
