import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the example of a machine that reacts to ours runs to its end', async () => {
  const example = fileURLToPath(new URL('../examples/react-to-leasehold.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', example]);
  expect(stdout).toBe('the shop closes in time, in the story and on the clock\n');
});
