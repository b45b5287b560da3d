import { describe, expect, test } from 'vitest';
import { plainOf, roomy, tight } from '../src/inspect/plain.js';
import { secretsFor } from '../src/secrets.js';

const url = 'dubbo://scott:t1ger@10.0.0.1:20880/com.acme.Orders?token=t1ger&version=1.0.0&db.password=t1ger';
const once = encodeURIComponent(url);

describe('a text without its secrets', () => {
  const { withoutSecrets } = secretsFor({});

  test.for<readonly [text: string, shown: string]>([
    ['http://root:t1ger@127.0.0.1:2379', 'http://root:***@127.0.0.1:2379'],
    ['http://root:t1g@er@127.0.0.1:2379/x', 'http://root:***@127.0.0.1:2379/x'],
    ['https://t1ger@example.org/', 'https://***@example.org/'],
    ['a://b:t1ger@c,d://e:t1ger@f', 'a://b:***@c,d://e:***@f'],
    ['jdbc:mysql://db/x?user=u&password=t1ger&ssl=1', 'jdbc:mysql://db/x?user=u&password=***&ssl=1'],
    ['x?my.secret.key=t1%26ger&y=1', 'x?my.secret.key=***&y=1'],
    ['?api_key=t1ger&apikey=t1ger&API-KEY=t1ger', '?api_key=***&apikey=***&API-KEY=***'],
    ['{"password":"t1\\"ger","user":"u"}', '{"password":***,"user":"u"}'],
    ['Authorization: Basic cm9vdDp0MWdlcg==', 'Authorization: ***'],
    ['sent Bearer t1ger to it', 'sent Bearer *** to it'],
    ['token: t1ger, user: u', 'token: ***, user: u'],
    ['eyJhbGciOi.eyJzdWIiOi.s1gn', '***'],
    ['no secret here: a=b&c=d', 'no secret here: a=b&c=d'],
    ['dubbo://10.0.0.1:20880/a.b.C?version=1.0.0', 'dubbo://10.0.0.1:20880/a.b.C?version=1.0.0'],
    ['tcp://10.0.0.1:20880/?contact=a@b.c', 'tcp://10.0.0.1:20880/?contact=a@b.c'],
  ])('shows %s as %s', ([text, shown]) => {
    expect(withoutSecrets(text)).toBe(shown);
  });

  test.for([0, 1, 2, 3])('hides them in a URL that was encoded %d times', (times) => {
    let text = `/dubbo/com.acme.Orders/providers/${url}`;
    for (let round = 0; round < times; round += 1) text = encodeURIComponent(text);
    const shown = withoutSecrets(text);
    expect(shown).not.toContain('t1ger');
    for (const kept of ['scott', 'com.acme.Orders', 'version', '1.0.0']) expect(shown).toContain(kept);
  });

  test('hides JSON that was encoded', () => {
    expect(withoutSecrets(`x?y=${encodeURIComponent('{"password":"t1ger","user":"u"}')}`)).not.toContain(
      't1ger',
    );
  });

  test('hides values that somebody named, as they are and encoded, but not syllables', () => {
    const named = secretsFor({ secrets: ['p&ss w', 'ab'] });
    expect(named.withoutSecrets('p&ss w')).toBe('***');
    expect(named.withoutSecrets(`x ${encodeURIComponent('p&ss w')} about`)).toBe('x *** about');
    expect(named.withoutSecrets(encodeURIComponent(encodeURIComponent('p&ss w')))).toBe('***');
  });

  test('hides values whose name somebody gave', () => {
    const named = secretsFor({ secretNames: ['pin'] });
    expect(named.withoutSecrets('?Pin=1234&x=1')).toBe('?Pin=***&x=1');
    expect(plainOf({ pin: 1234 }, named)).toEqual({ pin: '***' });
  });

  test('takes a time that grows with its length, not with its square', () => {
    const hostile = ['://:', 'password', '%25', '"token":"', '&a', 'eyJ-'].map(
      (part) => `?${part.repeat(60_000)}=`,
    );
    for (const text of hostile) expect(withoutSecrets(text).length).toBeGreaterThan(0);
  });
});

describe('a plain copy', () => {
  const secrets = secretsFor({});

  test('hides what has a secret name, wherever it is, and what a URL carries, also as a key', () => {
    const value = {
      password: 't1ger',
      nested: [{ accessToken: { deep: 't1ger' } }],
      map: new Map([[`/dubbo/x/providers/${once}`, 1]]),
      error: new Error(`cannot reach ${url}`),
      hasToken: true,
      token: null,
    };
    const copy = plainOf(value, secrets);
    expect(JSON.stringify(copy)).not.toContain('t1ger');
    expect(copy).toMatchObject({
      password: '***',
      nested: [{ accessToken: '***' }],
      hasToken: true,
      token: null,
    });
  });

  test('is JSON, whatever it is a copy of', () => {
    const circular: Record<string, unknown> = {
      a: 1n,
      b: Number.NaN,
      c: new Set([1]),
      d: Buffer.from('abc'),
    };
    circular['self'] = circular;
    Object.defineProperty(circular, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const locked = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    const copy = plainOf({ circular, locked, run: () => 1, at: new Date(0), none: undefined }, secrets);
    expect(copy).toEqual({
      circular: { a: '1', b: 'NaN', c: [1], d: '[3 bytes]', self: '[circular]', bad: '[unreadable]' },
      locked: '[unreadable]',
      at: '1970-01-01T00:00:00.000Z',
    });
    expect(JSON.parse(JSON.stringify(copy))).toEqual(copy);
  });

  test('is small, however large the original is, and says what it leaves out', () => {
    const list = Array.from({ length: 100_000 }, (_, index) => ({ index, list: [index] }));
    expect(plainOf(list, secrets)).toHaveLength(roomy.itemsMax + 1);
    expect(plainOf(list, secrets)).toContainEqual('… 99900 more');
    const wide = (depth: number): unknown =>
      depth === 0 ? 1 : Array.from({ length: 12 }, () => wide(depth - 1));
    expect(JSON.stringify(plainOf(wide(5), secrets, tight)).length).toBeLessThan(2_000);
    expect(plainOf('x'.repeat(10_000), secrets)).toHaveLength(roomy.textMax + ' (10000 characters)…'.length);
  });
});
