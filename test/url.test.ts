import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RegistryError } from '../src/errors.js';
import { ServiceUrl } from '../src/url.js';
import { anyText, carriedUrl } from './support/url-arbitraries.js';

const parse = (text: string): ServiceUrl => ServiceUrl.parse(text);

function errorOf(call: () => unknown): RegistryError {
  try {
    call();
  } catch (error) {
    return error as RegistryError;
  }
  throw new Error('nothing was thrown');
}

test('reads back every URL whose parts and parameters a text can carry', () => {
  fc.assert(
    fc.property(carriedUrl, (url) => {
      expect(url.explainLoss()).toBeUndefined();
      expect(parse(url.toFullString()).canonicalKey).toBe(url.canonicalKey);
    }),
    { numRuns: 2000 },
  );
});

test('renders what it has rendered to the same text again', () => {
  fc.assert(
    fc.property(carriedUrl, (url) => {
      expect(parse(url.toFullString()).toFullString()).toBe(url.toFullString());
      expect(parse(url.toString()).toString()).toBe(url.toString());
      expect(parse(url.toIdentityString()).toIdentityString()).toBe(url.toIdentityString());
    }),
  );
});

test('says which parameter a text cannot carry, and only then', () => {
  const url = parse('dubbo://h/s');
  fc.assert(
    fc.property(anyText, (value) => {
      const loss = url.addParameter('k', value).explainLoss();
      const isCarried = !value.includes('&') && !/\p{Surrogate}/u.test(value);
      expect(loss === undefined).toBe(isCarried);
    }),
    { numRuns: 1000 },
  );
  expect(url.addParameter('rule', 'a&b=c').explainLoss()).toBe('parameter "rule" would be read as "a"');
  expect(url.addParameterAndEncoded('rule', 'a&b=c').explainLoss()).toBeUndefined();
});

test('tells the text, the position and the reason where it cannot read', () => {
  const error = errorOf(() => parse('  dubbo://u:secret@host:20x80/p?a=b'));
  expect(error).toMatchObject({
    code: 'INVALID_URL',
    position: 24,
    text: '  dubbo://u:secret@host:20x80/p?a=b',
    reason: 'the port "20x80" is not a 32-bit integer',
  });
  expect(error.text?.slice(error.position)).toBe('20x80/p?a=b');
  expect(error.message).toBe(
    'cannot read url "  dubbo://u:***@host:20x80/p?a=b": the port "20x80" is not a 32-bit integer; ' +
      'write protocol://host:port/interface?key=value',
  );
});

test('gives equal texts the same object', () => {
  expect(parse('dubbo://same/s?a=1')).toBe(parse('dubbo://same/s?a=1'));
});

test('has equal keys for equal URLs and for no others', () => {
  fc.assert(
    fc.property(carriedUrl, carriedUrl, (one, other) => {
      const same = parse(one.toFullString()).clearParameters();
      const reversed = Object.entries(one.parameters).reverse();
      const rebuilt = reversed.reduce((url, [key, value]) => url.addParameters(key, value), same);
      expect(rebuilt.equals(one)).toBe(true);
      expect(one.equals(other)).toBe(one.toFullString() === other.toFullString());
    }),
  );
  const distinct = [
    'h',
    'x://h',
    'h/',
    'h?a',
    'h?a=',
    'h?=a',
    'u@h',
    'u:@h',
    '@h',
    'h?a=1&b=2',
    'h?a=1%26b=2',
  ].map(parse);
  const spoofed = parse('h').addParameters('a', '1&b=2');
  expect(new Set([...distinct, spoofed].map((url) => url.canonicalKey)).size).toBe(distinct.length + 1);
});

test('never changes a URL that others hold', () => {
  const url = parse('dubbo://h/s?a=1');
  url.withProtocol('empty').addParameter('b', 2).removeParameter('a');
  expect(url.toFullString()).toBe('dubbo://h/s?a=1');
  expect(() => Object.assign(url.parameters, { a: '2' })).toThrow(TypeError);
  expect(parse('dubbo://h/s?a=1').getParameter('a')).toBe('1');
});

test('returns the same URL where a change changes nothing', () => {
  const url = parse('dubbo://h/s?a=1');
  expect(url.addParameter('a', 1)).toBe(url);
  expect(url.addParameter('b', '')).toBe(url);
  expect(url.addParameters({ a: '1', absent: null })).toBe(url);
  expect(url.addParameters({})).toBe(url);
  expect(url.addParametersIfAbsent({})).toBe(url);
  expect(url.addParameterIfAbsent('a', 2)).toBe(url);
  expect(url.removeParameters('x', 'y')).toBe(url);
});

test('keeps only parameters that are named or prefixed, and not empty', () => {
  const url = parse('dubbo://h/s?a=1&b=&bc=2&m.x=3&d=4');
  expect(url.keepParameters(['a', 'b', 'zz'], ['m.']).toFullString()).toBe('dubbo://h/s?a=1&m.x=3');
});

test('shows no password when it is printed', () => {
  const url = parse('etcd3://user:secret@h:2379?a=1');
  expect(`${url.toString()} ${JSON.stringify({ url })} ${inspect(url)}`).not.toContain('secret');
  expect(JSON.stringify({ url })).toBe('{"url":"etcd3://h:2379?a=1"}');
  expect(url.toFullString()).toContain('secret');
});

test('keeps what Java makes of parts that are missing', () => {
  expect(parse('dubbo://:123/p').address).toBe('null:123');
  expect(parse('dubbo://:123/p').toFullString()).toBe('dubbo:///p');
  expect(parse('x://h').withPath('a?b').explainLoss()).toBe('the path "a?b" would be read as "a"');
});

test('puts the resolved address in place of the host', () => {
  expect(parse('dubbo://u@host:1/p?interface=s&group=g').toServiceString('10.0.0.1')).toBe(
    'dubbo://u@10.0.0.1:1/g/s',
  );
});

test('takes a plain object wherever a URL is taken', () => {
  const url = ServiceUrl.from({
    host: '10.0.0.1',
    port: 20880,
    service: 'com.acme.Orders',
    group: 'blue',
    version: '1.0.0',
    metadata: { weight: 100, owner: 'li', skipped: undefined, group: 'ignored' },
  });
  expect(url.toFullString()).toBe(
    'dubbo://10.0.0.1:20880/com.acme.Orders?group=blue&interface=com.acme.Orders&owner=li&version=1.0.0&weight=100',
  );
  expect(url.serviceKey).toBe('blue/com.acme.Orders:1.0.0');
  expect(ServiceUrl.from(url)).toBe(url);
  expect(ServiceUrl.from('dubbo://h/s').toFullString()).toBe('dubbo://h/s');
  expect(ServiceUrl.from({ protocol: 'consumer', host: '10.0.0.2', service: 's' }).toFullString()).toBe(
    'consumer://10.0.0.2/s?interface=s',
  );
});

test.each([
  [{ host: '', service: 's' }, /host is "", not a text that is not empty/],
  [{ host: 'h', service: undefined }, /service is undefined/],
  [{ host: 'h', service: 's', port: 1.5 }, /port is 1.5, not a port/],
  [{ host: 'h', service: 's', port: 70_000 }, /port is 70000/],
  [{ host: 'h', service: 's', metadata: { a: {} } }, /metadata.a is .*, not a text, a number or a boolean/],
  [{ host: 'h', service: 's', metadata: { rule: 'a&b' } }, /parameter "rule" would be read as "a"/],
  [{ host: '::1', service: 's' }, /the host "::1" would be read as ":"/],
  [{ host: 'a/b', service: 's' }, /the host "a\/b" would be read as "a"/],
  [{ host: 'h', service: 's?x' }, /the path "s\?x" would be read as "s"/],
  [null, /url is null, not a text or an object/],
])('refuses %j', (input, reason) => {
  const error = errorOf(() => ServiceUrl.from(input as never));
  expect(error.code).toBe('INVALID_URL');
  expect(error.reason).toMatch(reason);
});
