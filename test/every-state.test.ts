import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the example of claims about every state of a machine runs to its end', async () => {
  const example = fileURLToPath(new URL('../examples/every-state.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', example]);
  expect(stdout).toMatch(/^the claims hold in all \d+ states/);
});
