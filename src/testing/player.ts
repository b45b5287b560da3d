/** A machine that is played by pure transitions: where it stands, and what it waits for. The stage moves it. */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { type EventLike, statePath } from './effects.js';

export interface PendingTimer {
  readonly delay: string;
  /** The stage's clock knows it by this number. */
  readonly handle: number;
}

export interface Player {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly parent: Player | undefined;
  snapshot: AnyMachineSnapshot;
  /** The machines it has invoked that are played too. */
  readonly children: Map<string, Player>;
  /** The other actors it has invoked and that have not settled. */
  readonly ports: Set<string>;
  readonly timers: Map<string, PendingTimer>;
  /** Events that came while it was in the middle of a step. */
  readonly mailbox: EventLike[];
  isBusy: boolean;
}

/** A machine in its first step. */
export function newPlayer(given: Pick<Player, 'name' | 'machine' | 'parent' | 'snapshot'>): Player {
  return {
    ...given,
    children: new Map(),
    ports: new Set(),
    timers: new Map(),
    mailbox: [],
    isBusy: true,
  };
}

/** The machine and all machines below it. */
export function playersFrom(player: Player): readonly Player[] {
  return [player, ...[...player.children.values()].flatMap(playersFrom)];
}

/** Its state in the words of `status()` and of state events; a machine without states is just active, or done. */
export function pathIn({ snapshot }: Player): string {
  return statePath(snapshot.value) || snapshot.status;
}

export function isMachine(logic: unknown): logic is AnyStateMachine {
  return typeof logic === 'object' && logic !== null && 'root' in logic && 'implementations' in logic;
}
