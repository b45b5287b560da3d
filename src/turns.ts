/** Acting on one thing one after the other, within this process. */

const last = new Map<string, Promise<void>>();

/** Calls `act`, which must not reject, when all who came before with the same name are done; resolves when it is done. */
export async function inTurn(name: string, act: () => Promise<void>): Promise<void> {
  const own = (last.get(name) ?? Promise.resolve()).then(act);
  last.set(name, own);
  await own;
  if (last.get(name) === own) last.delete(name);
}
