import { expect, test } from 'vitest';
import { View } from '../src/view.js';

test('forgets that a prefix was denied once it could be listed', () => {
  const view = new View('/a/');
  const told: string[] = [];
  const reader = (name: string) => ({
    replaced: () => told.push(`${name} replaced`),
    changed: () => told.push(`${name} changed`),
    settled: () => told.push(`${name} settled`),
    denied: () => told.push(`${name} denied`),
  });
  view.apply({ type: 'watcher.denied', prefix: '/a/', failure: { kind: 'denied', message: 'no' } }, 0);
  view.add(reader('first'));
  view.apply({ type: 'watcher.listed', prefix: '/a/', history: 0, revision: '7', entries: [] }, 1);
  view.apply({ type: 'watcher.live', prefix: '/a/' }, 1);
  view.add(reader('second'));
  expect(told).toEqual([
    'first denied',
    'first replaced',
    'first settled',
    'second replaced',
    'second settled',
  ]);
});
