import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The faults on a real etcd (`npm run test:faults`): mostly waiting, so several files at once. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['test/faults/*.test.ts'],
    exclude: [],
    testTimeout: 120_000,
    maxWorkers: 4,
  },
});
