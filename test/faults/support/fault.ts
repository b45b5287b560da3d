/** How a fault test is written: a title with its coordinates, and what happens; set-up and judgement are the same for all. */
import { test } from 'vitest';
import { onPath } from '../../support/programs.js';
import { Stage, type StageOptions } from './stage.js';

export interface FaultOptions extends StageOptions {
  /** A program without which the test is skipped, and counted as such. */
  readonly needs?: string;
}

/** Sets the stage, lets the fault happen, waits until all is well again, and judges everything that was told. */
export function fault(title: string, options: FaultOptions, happens: (stage: Stage) => Promise<void>): void {
  test.skipIf(isMissing(options.needs))(title, async () => {
    const stage = await Stage.set(options);
    try {
      await happens(stage);
      await stage.settled();
      await stage.check();
    } finally {
      await stage.clear();
    }
  });
}

function isMissing(program: string | undefined): boolean {
  return program !== undefined && onPath(program) === undefined;
}
