import { expect, test } from 'vitest';
import { ServiceUrl } from '../src/url.js';

const url = ServiceUrl.parse(
  'dubbo://h/s?zero=0&neg=-1&d=-0.5&third=0.1&short=-32768&byte=127&over=32768&l=9223372036854775807' +
    '&word=x&list= a , b,,&default.word=y&default.only=z&default.none=&m.t=1&t=2&m.flag=true&enc=a%26b+c' +
    '&url=dubbo%3A%2F%2Fh2%2Fs2',
);

test('falls back to the default of a key, and then to that of the caller', () => {
  expect(url.getParameter('word')).toBe('x');
  expect(url.getParameter('only')).toBe('z');
  expect(url.getParameter('only', 'mine')).toBe('z');
  expect(url.getParameter('none')).toBe('');
  expect(url.getParameter('none', 'mine')).toBe('mine');
  expect(url.getParameter('absent')).toBeUndefined();
});

test('reads each width of integer up to its limits', () => {
  expect(url.getShortParameter('short', 0)).toBe(-32_768);
  expect(() => url.getShortParameter('over', 0)).toThrow(/"32768" is not a 16-bit integer/);
  expect(url.getByteParameter('byte', 0)).toBe(127);
  expect(() => url.getByteParameter('over', 0)).toThrow(/is not an 8-bit integer/);
  expect(url.getLongParameter('l', 0n)).toBe(9_223_372_036_854_775_807n);
  expect(() => url.getIntParameter('l', 0)).toThrow(/is not a 32-bit integer/);
});

test('reads numbers of both precisions', () => {
  expect(url.getDoubleParameter('third', 0)).toBe(0.1);
  expect(url.getFloatParameter('third', 0)).toBe(Math.fround(0.1));
  expect(() => url.getDoubleParameter('word', 0)).toThrow(/"x" is not a number/);
});

test('counts what is not positive as absent where a positive number is asked for', () => {
  for (const key of ['zero', 'neg', 'absent']) {
    expect(url.getPositiveIntParameter(key, 7)).toBe(7);
    expect(url.getPositiveLongParameter(key, 7n)).toBe(7n);
    expect(url.getPositiveDoubleParameter(key, 7)).toBe(7);
  }
  expect(url.getPositiveDoubleParameter('d', 7)).toBe(7);
  expect(url.getPositiveDoubleParameter('third', 7)).toBe(0.1);
  expect(() => url.getPositiveLongParameter('l', 0n)).toThrow(/the default value is not above 0/);
  expect(() => url.getPositiveDoubleParameter('d', 0)).toThrow(/the default value is not above 0/);
});

test('prefers the parameter of a method', () => {
  expect(url.getMethodIntParameter('m', 't', 0)).toBe(1);
  expect(url.getMethodIntParameter('n', 't', 0)).toBe(2);
  expect(url.getMethodBooleanParameter('m', 'flag', false)).toBe(true);
  expect(url.getMethodParameter('n', 'absent', 'mine')).toBe('mine');
});

test('reads lists, characters, encoded texts and URLs', () => {
  expect(url.getListParameter('list', [])).toEqual([' a', 'b']);
  expect(url.getCharParameter('only', 'c')).toBe('z');
  expect(url.getParameterAndDecoded('enc')).toBe('a&b c');
  expect(url.getParameterAndDecoded('absent', 'a+b')).toBe('a b');
  expect(url.getUrlParameter('url')?.host).toBe('h2');
  expect(url.getUrlParameter('absent')).toBeUndefined();
});

test('gives the same answers when it is asked often', () => {
  const fresh = ServiceUrl.parse('dubbo://h/s?a=1&b=2&a=3');
  const answers = Array.from({ length: 40 }, () => fresh.getParameter('a'));
  expect(new Set(answers)).toEqual(new Set(['3']));
});
