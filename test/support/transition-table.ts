/**
 * Tables of pure transitions, as text: in this situation, this event leads to this state, asks for this, and changes
 * this much of the context. A paragraph is one of three:
 *
 * - `start <input>`: a row, and where the situations below it begin, up to the next start
 * - `situation <name>`, then `from <situation>` and commands, one a line
 * - `<situation>: <command>`, below a remark that is the row's title
 *
 * The commands are those of the scenarios: send, fact, answer, fail, elapse. Below `----` stands the next state with its
 * tags; then the effects as in a scenario, what the machine ends with, and every field of the context that changes.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type ExecutableActionObject,
  getNextTransitions,
  initialTransition,
  transition,
} from 'xstate';
import { Failure, type FailureKind } from '../../machines/index.js';
import {
  type Effect,
  type EventLike,
  effectsOf,
  lineOf,
  plainText,
  statePath,
} from '../../src/testing/effects.js';
import { transitionIn } from './machine-transitions.js';

export interface TransitionRow {
  readonly title: string;
  readonly input: unknown;
  /** The commands that lead to the situation; the last one is what the row is about. None is the start itself. */
  readonly commands: readonly string[];
  readonly outcome: string;
}

/** What of a context is compared. */
export type ContextView = (context: unknown) => object;

/** Reads a table; throws a TypeError for a paragraph that it cannot understand. */
export function parseTable(text: string): readonly TransitionRow[] {
  let situations = new Map<string, readonly string[]>();
  const rows: TransitionRow[] = [];
  let input: unknown;
  for (const paragraph of text.trimEnd().split(/\n{2,}/)) {
    const { title, head, outcome } = partsOf(paragraph);
    const [first = '', ...others] = head;
    if (first === '') continue;
    if (first.startsWith('start ')) {
      input = JSON.parse(first.slice('start '.length));
      situations = new Map([['start', []]]);
      rows.push({ title, input, commands: [], outcome });
    } else if (first.startsWith('situation ')) {
      situations.set(
        first.slice('situation '.length),
        others.flatMap((line) => situated(line, situations)),
      );
    } else {
      const [, name = '', command = ''] = /^([^:{ ]+): (.*)$/.exec(first) ?? [];
      const before = situations.get(name);
      if (before === undefined) throw new TypeError(`no situation is called '${name}': ${first}`);
      rows.push({ title, input, commands: [...before, command], outcome });
    }
  }
  return rows;
}

/** The table with the outcomes that the machine gives now. */
export function rewriteTable(text: string, machine: AnyStateMachine, view?: ContextView): string {
  const waiting = [...parseTable(text)];
  const paragraphs = text.trimEnd().split(/\n{2,}/);
  const written = paragraphs.map((paragraph) => {
    const { head } = partsOf(paragraph);
    if (head.length === 0 || head[0]?.startsWith('situation ') === true) return paragraph;
    const row = waiting.shift();
    const asked = paragraph.split('\n----\n')[0] ?? '';
    return row === undefined ? paragraph : `${asked}\n----\n${outcomeOf(machine, row, view)}`;
  });
  return `${written.join('\n\n')}\n`;
}

/** Does what a row says, and tells what it leads to. */
export function outcomeOf(
  machine: AnyStateMachine,
  row: TransitionRow,
  view: ContextView = (context) => context as object,
): string {
  const { before, after, effects, event } = played(machine, row);
  if (after.status === 'error') throw after.error;
  const asked = effects.filter((effect) => !isEndOf(effect, event));
  return [
    `${statePath(after.value)}${after.tags.size > 0 ? ` [${[...after.tags].join(', ')}]` : ''}`,
    ...asked.flatMap((effect) => lineOf(effect) ?? []).map((line) => `  ${line}`),
    ...(before?.status === 'active' && after.status === 'done' ? [`  end${textOfOutput(after.output)}`] : []),
    ...changesBetween(before === undefined ? {} : view(before.context), view(after.context)),
  ].join('\n');
}

/** The transitions that a row takes in its last step. The machine must be one whose transitions are marked. */
export function transitionsTaken(marked: AnyStateMachine, row: TransitionRow): readonly string[] {
  return played(marked, row).effects.flatMap((effect) => transitionIn(effect) ?? []);
}

interface Played {
  readonly before: AnyMachineSnapshot | undefined;
  readonly after: AnyMachineSnapshot;
  readonly effects: readonly Effect[];
  readonly event: EventLike | undefined;
}

function played(machine: AnyStateMachine, { input, commands }: TransitionRow): Played {
  let before: AnyMachineSnapshot | undefined;
  let event: EventLike | undefined;
  let [after, actions] = initialTransition(machine, input) as Step;
  for (const command of commands) {
    before = after;
    event = eventOf(command, before);
    // An actor that has ended hears nothing.
    if (before.status !== 'active') return { before, after, effects: [], event };
    [after, actions] = transition(machine, before, event as EventObject) as Step;
  }
  return { before, after, effects: effectsOf(actions), event };
}

type Step = [AnyMachineSnapshot, ExecutableActionObject[]];

function eventOf(command: string, snapshot: AnyMachineSnapshot): EventLike {
  const [verb = '', subject = '', ...rest] = command.split(' ');
  const text = rest.join(' ');
  switch (verb) {
    case 'send':
      return JSON.parse(`${subject} ${text}`) as EventLike;
    case 'fact':
      return JSON.parse(text) as EventLike;
    case 'answer':
      return {
        type: `xstate.done.actor.${subject}`,
        actorId: subject,
        output: text === '' ? undefined : JSON.parse(text),
      };
    case 'fail':
      return {
        type: `xstate.error.actor.${subject}`,
        actorId: subject,
        error: new Failure(rest[0] as FailureKind, rest.slice(1).join(' ') || (rest[0] ?? '')),
      };
    case 'elapse':
      return { type: endOfDelay(subject, snapshot) };
    default:
      throw new TypeError(`there is no command '${verb}': ${command}`);
  }
}

function endOfDelay(delay: string, snapshot: AnyMachineSnapshot): string {
  const found = getNextTransitions(snapshot).find(({ eventType }) =>
    eventType.startsWith(`xstate.after.${delay}.`),
  );
  if (found === undefined) throw new TypeError(`nobody waits for ${delay} in ${statePath(snapshot.value)}`);
  return found.eventType;
}

function partsOf(paragraph: string): { title: string; head: readonly string[]; outcome: string } {
  const [asked = '', outcome = ''] = paragraph.split('\n----\n');
  const head: string[] = [];
  const remarks: string[] = [];
  for (const line of asked.split('\n')) {
    if (line.startsWith('#')) remarks.push(line.slice(1).trim());
    else if (line.startsWith(' ')) head.push(`${head.pop() ?? ''} ${line.trim()}`);
    else head.push(line);
  }
  return { title: remarks.join(' '), head, outcome };
}

function situated(line: string, situations: ReadonlyMap<string, readonly string[]>): readonly string[] {
  if (!line.startsWith('from ')) return [line];
  const before = situations.get(line.slice('from '.length));
  if (before === undefined) throw new TypeError(`no situation is called so: ${line}`);
  return before;
}

function changesBetween(before: object, after: object): readonly string[] {
  const known = before as Record<string, unknown>;
  return Object.entries(after)
    .filter(([name, value]) => plainText(value) !== plainText(known[name]))
    .map(([name, value]) => `  ${name} = ${plainText(value)}`);
}

function textOfOutput(output: unknown): string {
  return output === undefined ? '' : ` ${plainText(output)}`;
}

/** An actor that has just settled is stopped by XState all the same. */
function isEndOf(effect: Effect, event: EventLike | undefined): boolean {
  return effect.type === 'drop' && effect.port === event?.['actorId'];
}
