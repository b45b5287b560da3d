/** Every transition of a machine by name, and a machine that tells in its effects which ones it takes. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Effect } from '../../src/testing/effects.js';

/** All transitions, by state, event and place in the list: each branch of a guarded one, and `always`. */
export function transitionsOf(machine: AnyStateMachine): readonly string[] {
  return [...definitionsOf(machine)].map(([name]) => name);
}

/** The same machine; each transition has one action more, which {@link transitionIn} recognises. */
export function markTransitions(machine: AnyStateMachine): AnyStateMachine {
  const marked = machine.provide({});
  for (const [name, definition] of definitionsOf(marked))
    definition.actions = [...definition.actions, { type: mark, params: { name } }];
  return marked;
}

/** The transition that an effect of a marked machine tells of. */
export function transitionIn(effect: Effect): string | undefined {
  if (effect.type !== 'do' || effect.action !== mark) return undefined;
  return (effect.params as { readonly name: string }).name;
}

const mark = 'transition taken';

interface Definition {
  actions: readonly unknown[];
}

function* definitionsOf(machine: AnyStateMachine): IterableIterator<[string, Definition]> {
  for (const node of nodesFrom(machine.root)) {
    for (const [event, definitions] of node.transitions) yield* numbered(node, event, definitions);
    yield* numbered(node, 'always', node.always ?? []);
  }
}

function* numbered(
  node: AnyStateNode,
  event: string,
  definitions: readonly object[],
): IterableIterator<[string, Definition]> {
  for (const [index, definition] of definitions.entries())
    yield [`${node.id} ${event} #${index + 1}`, definition as Definition];
}

function* nodesFrom(node: AnyStateNode): IterableIterator<AnyStateNode> {
  yield node;
  for (const child of Object.values(node.states)) yield* nodesFrom(child);
}
