/** Leaving in order when the process is told to end: withdraw, let running calls finish, close, and end as told. */
import type { Registry } from './registry.js';

/** Which signals, and what else is to be done. */
export interface CloseOnSignalsOptions {
  /** @defaultValue SIGTERM and SIGINT */
  readonly signals?: readonly NodeJS.Signals[];
  /** How long consumers have to notice that we are gone, in milliseconds. @defaultValue 0 */
  readonly drainMs?: number;
  /** Called after the registry is closed; what else is to be done before the process ends. */
  readonly before?: () => unknown;
}

/**
 * Closes the registry at the first of the signals, then ends the process as the signal would have done. A second signal
 * ends it at once. Opt in: a library does not handle signals unasked. Returns what takes it back.
 */
export function closeOnSignals(registry: Registry, options: CloseOnSignalsOptions = {}): () => void {
  const { signals = ['SIGTERM', 'SIGINT'], drainMs = 0, before } = options;
  const stop = (): void => {
    for (const signal of signals) process.off(signal, handle);
  };
  const handle = (signal: NodeJS.Signals): void => {
    // From here on signals do again what they do without us.
    stop();
    void leave(signal);
  };
  const leave = async (signal: NodeJS.Signals): Promise<void> => {
    try {
      await registry.close({ drainMs });
      await before?.();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    } finally {
      process.kill(process.pid, signal);
    }
  };
  for (const signal of signals) process.on(signal, handle);
  return stop;
}
