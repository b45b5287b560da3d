/** The processes of a story. */
import type { Process } from './process.js';

export class Cast {
  /** Who is there now, by place. */
  readonly present: Process[] = [];
  /** Who was there before, and was closed or killed. */
  readonly gone: Process[] = [];

  get all(): readonly Process[] {
    return [...this.present, ...this.gone];
  }

  /** Who has this place now. */
  at(who: number): Process {
    const process = this.present[who % this.present.length];
    if (process !== undefined) return process;
    throw new Error(`the story has no process ${who}`);
  }
}
