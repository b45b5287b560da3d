/** The login of a link, on a transport that counts what it is asked. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure, type FailureKind } from '../../machines/index.js';
import { Login, RenewalLimit } from '../../src/etcd/login.js';
import type { EtcdSettings } from '../../src/etcd/settings.js';
import type { Transport } from '../../src/etcd/transport.js';

const timeoutMs = 1_000;
const ann = { username: 'ann', password: 'x' };
const refused = (): Failure => new Failure('unauthenticated', 'etcdserver: invalid auth token');

let logins: { readonly name: string; readonly password: string }[];
let token: string | undefined;
/** What etcd answers to a login; undefined for a token. */
let answer: Failure | undefined;
let limit: RenewalLimit;
/** Lets go on what is being asked of etcd. */
let underWay: (() => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  logins = [];
  token = undefined;
  answer = undefined;
  limit = new RenewalLimit();
  underWay = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function loginWith(credentials: EtcdSettings['credentials']): Login {
  const transport = {
    auth: {
      authenticate: async (given: { name: string; password: string }) => {
        logins.push(given);
        await new Promise<void>((goOn) => underWay.push(goOn));
        if (answer !== undefined) throw answer;
        return { token: `token ${logins.length}` };
      },
    },
    useToken: (given: string) => {
      token = given;
    },
  } as unknown as Transport;
  const settings = { requestTimeoutMs: timeoutMs, metaRoot: '/leasehold', root: '/dubbo', credentials };
  return new Login(transport, settings, limit);
}

/** Has etcd answer, and runs the clock, until the promise is settled; answers what it gave. */
async function settled<Value>(promise: Promise<Value>): Promise<Value | Failure> {
  const caught = promise.catch((thrown: unknown) => thrown as Failure);
  for (let passedMs = 0; passedMs <= timeoutMs; passedMs += 100) {
    await vi.advanceTimersByTimeAsync(100);
    for (const goOn of underWay.splice(0)) goOn();
  }
  return caught;
}

/** A request that is answered under any token but those that have ended. */
function asking(ended: readonly (string | undefined)[]): () => Promise<string> {
  return async () => {
    if (ended.includes(token)) throw refused();
    return `answered under ${token}`;
  };
}

test('many requests that meet the end of a token wait for one login, and each goes once more', async () => {
  const login = loginWith(ann);
  const attempt = vi.fn(asking([undefined]));
  const answers = await settled(Promise.all(Array.from({ length: 50 }, () => login.renewing(attempt))));
  expect(answers).toEqual(Array.from({ length: 50 }, () => 'answered under token 1'));
  expect(logins).toEqual([{ name: 'ann', password: 'x' }]);
  expect(attempt).toHaveBeenCalledTimes(100);
});

test('a request whose token was replaced while it was under way goes again without a login', async () => {
  const login = loginWith(ann);
  let refuse = (): void => {};
  const attempt = vi
    .fn<() => Promise<string>>()
    .mockImplementationOnce(
      () =>
        new Promise((_, reject) => {
          refuse = () => reject(refused());
        }),
    )
    .mockImplementation(asking([undefined]));
  const slow = login.renewing(attempt);
  await settled(login.renewing(asking([undefined])));
  refuse();
  expect(await settled(slow)).toBe('answered under token 1');
  expect(logins).toHaveLength(1);
});

test('a request that is refused under the new token, too, has failed', async () => {
  const attempt = vi.fn(asking([undefined, 'token 1']));
  expect(await settled(loginWith(ann).renewing(attempt))).toMatchObject({ kind: 'unauthenticated' });
  expect(attempt).toHaveBeenCalledTimes(2);
  expect(logins).toHaveLength(1);
});

test('what fails for another reason does not go again', async () => {
  for (const kind of ['denied', 'timeout', 'unreachable', 'invalid'] satisfies FailureKind[]) {
    const attempt = vi.fn(() => Promise.reject<string>(new Failure(kind, 'no')));
    expect(await settled(loginWith(ann).renewing(attempt))).toMatchObject({ kind });
    expect(attempt).toHaveBeenCalledTimes(1);
  }
  expect(logins).toEqual([]);
});

test('without credentials a refusal stands', async () => {
  const attempt = vi.fn(asking([undefined]));
  expect(await settled(loginWith(undefined).renewing(attempt))).toMatchObject({ kind: 'unauthenticated' });
  expect(attempt).toHaveBeenCalledTimes(1);
  expect(logins).toEqual([]);
});

test('a login that fails is what the request failed with, and the next request logs in again', async () => {
  const login = loginWith(ann);
  answer = new Failure('timeout', 'no answer');
  expect(await settled(login.renewing(asking([undefined])))).toBe(answer);
  answer = new Failure('invalid', 'etcdserver: something about the user');
  expect(await settled(login.renewing(asking([undefined])))).toMatchObject({
    kind: 'unauthenticated',
    message: 'etcdserver: something about the user',
  });
  answer = undefined;
  expect(await settled(login.renewing(asking([undefined])))).toBe('answered under token 3');
});

test('an etcd that has been told to ask nobody for a login is asked again without one', async () => {
  answer = new Failure('invalid', 'etcdserver: authentication is not enabled');
  const attempt = vi.fn<() => Promise<string>>().mockRejectedValueOnce(refused()).mockResolvedValue('yes');
  expect(await settled(loginWith(ann).renewing(attempt))).toBe('yes');
});

test('tokens that end faster than five in ten seconds are not renewed, over however many links', async () => {
  const renewed = async (): Promise<boolean> => {
    const login = loginWith(ann);
    const outcome = await login.renew(0, refused()).then(
      () => true,
      () => false,
    );
    return outcome;
  };
  const burst = Promise.all(Array.from({ length: 7 }, renewed));
  expect(await settled(burst)).toEqual([true, true, true, true, true, false, false]);
  expect(logins).toHaveLength(5);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await settled(renewed())).toBe(true);
});

test('credentials are asked for at each login', async () => {
  let password = 'old';
  const login = loginWith(async () => ({ username: 'ann', password }));
  await settled(login.renewing(asking([undefined])));
  password = 'new';
  await settled(login.renewing(asking(['token 1'])));
  expect(logins.map((each) => each.password)).toEqual(['old', 'new']);
});

test.each([
  ['throw', () => Promise.reject(new Error('the vault is closed')), 'the vault is closed'],
  ['never come', () => new Promise<typeof ann>(() => {}), `no answer within ${timeoutMs} ms`],
])('credentials that %s are a failed login', async (_, credentials, reason) => {
  expect(await settled(loginWith(credentials).renewing(asking([undefined])))).toMatchObject({
    kind: 'unauthenticated',
    message: `the credentials cannot be read: ${reason}`,
  });
  expect(logins).toEqual([]);
});
