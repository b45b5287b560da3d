/**
 * Plays a machine, and the child machines one wants to see with it, by pure transitions: no actor is started, no
 * port is asked, and time passes only when told. Messages between the machines arrive as they would between actors:
 * what a step sends is delivered after the step, and a machine that is in the middle of one hears of it afterwards.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type ExecutableActionObject,
  initialTransition,
  transition,
} from 'xstate';
import { type Effect, type EventLike, effectsOf, lineOf, plainText } from './effects.js';
import { isMachine, newPlayer, type PendingTimer, type Player, pathIn, playersFrom } from './player.js';
import { createVirtualClock } from './virtual-clock.js';

/** More delays than this do not end before another in a story that a person has written. */
const stepLimit = 1_000;

/** One machine and its children on stage; {@link Stage.takeLines} tells what happened. */
export class Stage {
  readonly #clock = createVirtualClock();
  readonly #withChildren: ReadonlySet<string>;
  readonly #root: Player;
  #lines: string[] = [];
  #awaited: number | undefined;

  /** `withChildren` names the invoked machines to be played too; all other actors are ports. */
  constructor(machine: AnyStateMachine, input: unknown, withChildren: readonly string[] = []) {
    this.#withChildren = new Set(withChildren);
    this.#root = this.#enter(machine.id, machine, input, undefined);
  }

  /** What has happened since the last call. */
  takeLines(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Sends an event to the machine itself. */
  send(event: EventLike): void {
    this.#deliver(this.#root, event);
  }

  /** Sends what an open port reports; false when nobody follows the port. */
  report(port: string, event: EventLike): boolean {
    const player = this.#askerOf(port);
    if (player !== undefined) this.#deliver(player, event);
    return player !== undefined;
  }

  /** Answers a port; false when nobody waits for it. */
  answer(port: string, output: unknown): boolean {
    return this.#settle(port, { type: `xstate.done.actor.${port}`, actorId: port, output });
  }

  /** Lets a port fail; false when nobody waits for it. */
  fail(port: string, error: unknown): boolean {
    return this.#settle(port, { type: `xstate.error.actor.${port}`, actorId: port, error });
  }

  /** Lets time pass until this delay is over, and every delay that is over before; false when nobody waits for it. */
  elapse(delay: string): boolean {
    const handle = this.#nextTimer(delay);
    if (handle === undefined) return false;
    this.#awaited = handle;
    for (let step = 0; this.#isPending(handle); step += 1) {
      if (step === stepLimit)
        throw new RangeError(`${delay} does not end: other delays take no time, again and again`);
      this.#clock.step();
    }
    return true;
  }

  #settle(port: string, event: EventLike): boolean {
    const player = this.#askerOf(port);
    player?.ports.delete(port);
    if (player !== undefined) this.#deliver(player, event);
    return player !== undefined;
  }

  #enter(name: string, machine: AnyStateMachine, input: unknown, parent: Player | undefined): Player {
    const [snapshot, actions] = initialTransition(machine, input) as [
      AnyMachineSnapshot,
      ExecutableActionObject[],
    ];
    const player = newPlayer({ name, machine, parent, snapshot });
    parent?.children.set(name, player);
    this.#tellStep(player, effectsOf(actions), true);
    this.#work(player);
    return player;
  }

  #deliver(player: Player, event: EventLike): void {
    player.mailbox.push(event);
    if (player.isBusy) return;
    player.isBusy = true;
    this.#work(player);
  }

  #work(player: Player): void {
    for (let event = player.mailbox.shift(); event !== undefined; event = player.mailbox.shift()) {
      if (player.snapshot.status !== 'active') continue;
      const before = pathIn(player);
      const [next, actions] = transition(player.machine, player.snapshot, event as EventObject) as [
        AnyMachineSnapshot,
        ExecutableActionObject[],
      ];
      player.snapshot = next;
      this.#tellStep(player, effectsOf(actions), before !== pathIn(player));
    }
    player.isBusy = false;
  }

  #tellStep(player: Player, effects: readonly Effect[], hasMoved: boolean): void {
    const shown = effects.filter((effect) => !this.#isSilent(player, effect));
    const lines = shown.flatMap((effect) => this.#lineOf(player, effect) ?? []);
    if (hasMoved || lines.length > 0) {
      this.#lines.push(`${this.#headingOf(player)}${pathIn(player)}`);
      this.#lines.push(...lines.map((line) => `  ${line}`));
    }
    for (const effect of shown) this.#perform(player, effect);
    this.#end(player);
  }

  #perform(player: Player, effect: Effect): void {
    switch (effect.type) {
      case 'ask':
        this.#ask(player, effect);
        return;
      case 'drop':
        this.#drop(player, effect.port);
        return;
      case 'wait':
        this.#wait(player, effect);
        return;
      case 'cancel':
        this.#cancel(player, effect.id);
        return;
      case 'tell': {
        const target = this.#targetOf(player, effect.to);
        if (target !== undefined) this.#deliver(target, effect.event);
        return;
      }
      default:
    }
  }

  #ask(player: Player, { port, source, input }: Effect & { type: 'ask' }): void {
    const logic = typeof source === 'string' ? player.machine.implementations.actors[source] : source;
    if (this.#withChildren.has(port) && isMachine(logic)) this.#enter(port, logic, input, player);
    else player.ports.add(port);
  }

  #drop(player: Player, port: string): void {
    player.ports.delete(port);
    const child = player.children.get(port);
    player.children.delete(port);
    if (child !== undefined) this.#stop(child);
  }

  #stop(player: Player): void {
    const dropped = [...player.ports].map((port) => `  drop ${port}`);
    if (dropped.length > 0) this.#lines.push(`${this.#headingOf(player)}stopped`, ...dropped);
    player.ports.clear();
    player.mailbox.length = 0;
    for (const id of player.timers.keys()) this.#cancel(player, id);
    for (const child of player.children.values()) this.#stop(child);
    player.children.clear();
  }

  #wait(player: Player, { id, delay, ms, event }: Effect & { type: 'wait' }): void {
    const handle: number = this.#clock.setTimeout(() => {
      player.timers.delete(id);
      if (handle !== this.#awaited) this.#lines.push(`(${delay} is over)`);
      this.#deliver(player, event);
    }, ms);
    player.timers.set(id, { delay, handle });
  }

  #cancel(player: Player, id: string): void {
    const timer = player.timers.get(id);
    if (timer !== undefined) this.#clock.clearTimeout(timer.handle);
    player.timers.delete(id);
  }

  /** A machine that has ended tells its parent, as its actor would. */
  #end(player: Player): void {
    const { status, output, error } = player.snapshot;
    if (status === 'active') return;
    const { name, parent } = player;
    if (status === 'error') this.#lines.push(`  error ${plainText(error)}`);
    if (output !== undefined) this.#lines.push(`  end ${plainText(output)}`);
    this.#stop(player);
    if (parent === undefined) return;
    const end =
      status === 'done'
        ? { type: `xstate.done.actor.${name}`, output }
        : { type: `xstate.error.actor.${name}`, error };
    this.#deliver(parent, { ...end, actorId: name });
  }

  /** Stopping what has ended already changes nothing. */
  #isSilent(player: Player, effect: Effect): boolean {
    if (effect.type !== 'drop' || player.ports.has(effect.port)) return false;
    return player.children.get(effect.port)?.snapshot.status !== 'active';
  }

  /** What one machine on stage tells another is seen by what the other does. */
  #lineOf(player: Player, effect: Effect): string | undefined {
    if (effect.type !== 'tell') return lineOf(effect);
    const known = this.#targetOf(player, effect.to)?.name;
    const name = known ?? (this.#withChildren.has(effect.to) ? effect.to : undefined);
    return name === undefined ? lineOf(effect) : `tell ${name} ${effect.event.type}`;
  }

  /** A machine knows its parent only by a reference without a name. */
  #targetOf(player: Player, to: string): Player | undefined {
    return player.ports.has(to) ? undefined : (player.children.get(to) ?? player.parent);
  }

  #headingOf(player: Player): string {
    return this.#withChildren.size === 0 ? '' : `${player.name}: `;
  }

  #askerOf(port: string): Player | undefined {
    return playersFrom(this.#root).find((player) => player.ports.has(port));
  }

  /** The oldest timer of this name. */
  #nextTimer(delay: string): number | undefined {
    return this.#timers().find((timer) => timer.delay === delay)?.handle;
  }

  #isPending(handle: number): boolean {
    return this.#timers().some((timer) => timer.handle === handle);
  }

  #timers(): readonly PendingTimer[] {
    return playersFrom(this.#root).flatMap((player) => [...player.timers.values()]);
  }
}
