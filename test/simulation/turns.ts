/** Waiting in a world without a clock of its own. */
/** Turns of the microtask queue after each step; the longest chain of promises in the registry is shorter. */
const turnsPerStep = 12;

const aTurn = Promise.resolve();

/** Waits until nothing is left to do at this instant. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < turnsPerStep; turn += 1) await aTurn;
}
