import { expect, test } from 'vitest';
import { quoted, withoutPassword } from '../src/quoted.js';

test.each([
  ['dubbo://u:p:w@h:1/p?a=x@y', 'dubbo://u:***@h:1/p?a=x@y'],
  ['u:secret@h', 'u:***@h'],
  ['dubbo://u@h:1', 'dubbo://u@h:1'],
  ['dubbo://h:1/a:b@c', 'dubbo://h:1/a:b@c'],
  ['dubbo://h:1?mail=a:b@c', 'dubbo://h:1?mail=a:b@c'],
  ['dubbo://:p@h', 'dubbo://:***@h'],
])('hides the password of %s', (text, expected) => {
  expect(withoutPassword(text)).toBe(expected);
});

test('shows foreign text in one short line', () => {
  expect(quoted('a"\n\u001b')).toBe('"a\\"\\n\\u001b"');
  expect(quoted('x'.repeat(1000)).length).toBeLessThan(170);
  expect(quoted(`dubbo://u:${'p'.repeat(1000)}@h`)).toBe('"dubbo://u:***@h"');
});
