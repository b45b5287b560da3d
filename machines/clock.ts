/** What a machine hears about time itself. Its timers count time that the process has lived through, and no other. */

/**
 * The wall clock has gone on, and the clock of the timers has not: the machine was suspended, most likely. For that
 * long nothing was renewed, and whoever is at the other end of a connection may have given it up.
 */
export interface ClockJumped {
  readonly type: 'clock.jumped';
  readonly aheadMs: number;
}
