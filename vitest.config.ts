import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/*.test.ts'],
    // Minutes of waiting: `npm run test:faults`.
    exclude: ['test/faults/*.test.ts', 'node_modules/**'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5_000, interval: 20 } },
    globalSetup: ['test/support/global-setup.ts'],
    tags: [{ name: 'etcd', description: 'Runs on a real etcd; skipped and counted where there is none.' }],
    // The last reporter has the last word.
    reporters: ['default', './test/support/closing-lines.ts'],
  },
});
