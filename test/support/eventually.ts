/** Waits for something to become true, by looking again and again until a deadline. */
import { setTimeout as pause } from 'node:timers/promises';

/** Runs `check` until it throws nothing; rejects with its last error when `withinMs` have passed. */
export async function eventually(check: () => unknown, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(20);
    }
  }
}
