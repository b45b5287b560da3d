/**
 * Ports that stay ours while nobody listens on them. A port chosen by the kernel comes from the range of its outgoing
 * connections: while the server is down, another connection may take it, or a client that keeps trying may even reach itself.
 */

const lowest = 10_240;
const highest = 32_767;
const attempts = 100;

/** Calls `listen` with random ports below that range until one is free; answers what it answers. */
export async function onFreePort<Result>(listen: (port: number) => Promise<Result>): Promise<Result> {
  for (let left = attempts; ; left--) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    try {
      return await listen(port);
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!taken || left === 1) throw error;
    }
  }
}
