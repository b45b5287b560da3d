import { expect, test } from 'vitest';
import { initialTransition, setup, transition } from 'xstate';
import { mutantsOf } from '../scripts/mutants.js';

const lamp = setup({
  types: {} as { events: { type: 'press' } | { type: 'unplug' }; tags: 'bright' },
  actions: { click: () => {}, glow: () => {}, fade: () => {} },
  guards: { isPlugged: () => true },
  delays: { nap: 1_000 },
}).createMachine({
  id: 'lamp',
  initial: 'off',
  on: { unplug: { target: '.gone' } },
  states: {
    off: {
      on: {
        press: [
          { guard: 'isPlugged', target: 'on', actions: ['click', { type: 'glow' }] },
          { target: 'off' },
        ],
      },
    },
    on: {
      tags: ['bright'],
      entry: 'glow',
      exit: ['fade'],
      after: { nap: { target: 'off', reenter: true } },
    },
    gone: { type: 'final' },
  },
});

test('breaks one thing at a time, wherever there is something to break', () => {
  expect(mutantsOf(lamp).map(({ name }) => name)).toEqual([
    'lamp unplug: is not taken',
    'lamp unplug: leads nowhere',
    'lamp unplug: leads to .off',
    'lamp: begins in on',
    'lamp.off press #1: is not taken',
    'lamp.off press #1: does not click',
    'lamp.off press #1: does not glow',
    'lamp.off press #1: is taken when it should not be',
    'lamp.off press #1: is taken in any case',
    'lamp.off press #1: leads nowhere',
    'lamp.off press #1: leads to off',
    'lamp.off press #2: is not taken',
    'lamp.off press #2: leads nowhere',
    'lamp.off press #2: leads to on',
    'lamp.on nap: is not taken',
    'lamp.on nap: leads nowhere',
    'lamp.on nap: leads to on',
    'lamp.on nap: does not begin anew',
    'lamp.on: entry does not glow',
    'lamp.on: exit does not fade',
    'lamp.on: is not tagged bright',
    'lamp.gone: is not an end',
    'nap takes no time',
  ]);
});

test('breaks what it says, and leaves the machine itself whole', () => {
  const after = (name: string): unknown => {
    const machine = mutantsOf(lamp).find((mutant) => mutant.name === name)?.machine ?? lamp;
    const [start] = initialTransition(machine);
    return transition(machine, start, { type: 'press' })[0].value;
  };
  expect(after('none')).toBe('on');
  expect(after('lamp.off press #1: is not taken')).toBe('off');
  expect(after('lamp.off press #1: is taken when it should not be')).toBe('off');
  expect(after('lamp.off press #1: leads to off')).toBe('off');
  expect(after('lamp: begins in on')).toBe('on');
  expect(after('none')).toBe('on');
});
