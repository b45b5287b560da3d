/** Replaces what a machine is made of, in this process only, and puts it back. */
import { assign } from 'xstate';

type Kind = 'actions' | 'guards' | 'delays';
type Fields = Readonly<Record<string, unknown>>;
type Assignment = (args: { readonly context: Fields }, params: never) => Fields;

interface Patchable {
  readonly implementations: Record<Kind, Record<string, unknown>>;
}

/** Replaces one named implementation of a machine, given the original. */
export function patch(
  machine: object,
  kind: Kind,
  name: string,
  replaced: (original: never) => unknown,
): () => void {
  const named = (machine as Patchable).implementations[kind];
  const original = named[name];
  if (original === undefined) throw new Error(`the machine has no ${kind} named ${name}`);
  named[name] = replaced(original as never);
  return () => {
    named[name] = original;
  };
}

/** An assigning action whose result is changed afterwards. */
export function reassigned(
  change: (result: Fields, context: Fields, params: Fields) => Fields,
): (original: { readonly assignment: Assignment }) => unknown {
  return ({ assignment }) =>
    assign(({ context }: { context: Fields }, params: Fields) =>
      change(assignment({ context }, params as never), context, params),
    );
}

/** Undoes two replacements. */
export function both(one: () => void, other: () => void): () => void {
  return () => {
    one();
    other();
  };
}
