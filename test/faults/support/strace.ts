/** Makes the system calls of a running process slow or fail, with `strace --inject`. */
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { spawnOwned } from '../../support/own-processes.js';

/** Attaches to a process, e.g. with `fdatasync:delay_exit=150000`; resolves with what detaches. */
export async function inject(pid: number | undefined, injection: string): Promise<() => Promise<void>> {
  if (pid === undefined) throw new Error('there is no process to attach to');
  const call = injection.split(':')[0] ?? '';
  const rules = ['-e', `trace=${call}`, '-e', `inject=${injection}`];
  const tracer = spawnOwned('strace', ['-qq', '-f', ...rules, '-p', String(pid)], openSync('/dev/null', 'w'));
  await once(tracer, 'spawn');
  const exited = once(tracer, 'exit');
  return async () => {
    tracer.kill('SIGINT');
    await exited;
  };
}
