import { expect, test } from 'vitest';
import { onFreePort } from '../../../src/testing/etcd-server/free-port.js';

const failing = (code: string): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));

test('tries ports below those of outgoing connections until one is free', async () => {
  const tried: number[] = [];
  const port = await onFreePort((candidate) => {
    tried.push(candidate);
    return tried.length < 5 ? failing('EADDRINUSE') : Promise.resolve(candidate);
  });
  expect([tried.length, tried.at(-1)]).toEqual([5, port]);
  expect(tried.filter((candidate) => candidate < 1024 || candidate > 32_767)).toEqual([]);
});

test('gives up at once on any other trouble, and after many tries on this', async () => {
  let tries = 0;
  await expect(onFreePort(() => failing(++tries === 1 ? 'EACCES' : 'never'))).rejects.toThrow('EACCES');
  await expect(onFreePort(() => failing('EADDRINUSE'))).rejects.toThrow('EADDRINUSE');
  expect(tries).toBe(1);
});
