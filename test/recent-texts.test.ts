import { expect, test } from 'vitest';
import { RecentTexts } from '../src/recent-texts.js';

test('forgets what nobody asked for since a generation filled up', () => {
  const recent = new RecentTexts<number>(2048); // Of texts of 8 units: 256 in each of two generations.
  const text = (serial: number): string => `t${serial}`.padEnd(8);
  const known = (): number =>
    Array.from({ length: 2000 }, (_, serial) => recent.get(text(serial))).filter(Boolean).length;
  for (let serial = 1; serial < 2000; serial++) {
    recent.add(text(serial), serial);
    expect(recent.get(text(1))).toBe(1);
  }
  expect(known()).toBeLessThanOrEqual(512);
  expect(recent.get(text(1999))).toBe(1999);
  expect(recent.get(text(2))).toBeUndefined();
});

test('does not give up its room for one long text', () => {
  const recent = new RecentTexts<number>(1024);
  recent.add('x'.repeat(5), 1);
  expect(recent.get('x'.repeat(5))).toBeUndefined();
});
