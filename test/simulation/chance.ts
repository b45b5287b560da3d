/** Dice for each purpose: what one part of the simulation throws does not change what another gets. */
import { Dice } from '../../scripts/differential/dice.js';

export { Dice };

/** Dice of their own for a seed and a purpose (FNV-1a over both). */
export function diceFor(seed: number, purpose: string): Dice {
  let hash = 0x811c9dc5;
  for (const char of `${seed}/${purpose}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return new Dice(hash ^ (hash >>> 15));
}
