/** What the command's exit code tells scripts. docs/cli.md has the same table, and a test compares them. */

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  nothingFound: 3,
  unreachable: 4,
  denied: 5,
  cannotRun: 126,
  noSuchCommand: 127,
  hungUp: 129,
  interrupted: 130,
  outputClosed: 141,
  terminated: 143,
} as const;

export type ExitName = keyof typeof exitCodes;
export type ExitCode = number;

/** In one sentence each, for `leasehold help exit-codes`. */
export const exitMeanings: Readonly<Record<ExitName, string>> = {
  ok: 'Done. For commands that run until they are told to end, also when Ctrl-C or SIGTERM told them.',
  failed: 'It failed for another reason than those below; the reason is on stderr. Or doctor found a fault.',
  usage: 'The command line is wrong: an unknown command or option, a missing argument, an unusable value.',
  nothingFound: 'etcd answered, and nothing there is what was asked for.',
  unreachable: 'No etcd could be reached, or it did not answer in time.',
  denied: 'etcd refused the credentials, or the user lacks a permission.',
  cannotRun: 'The program behind -- was found and could not be started.',
  noSuchCommand: 'The program behind -- was not found.',
  hungUp: 'Ended by SIGHUP before it was done: its terminal was closed.',
  interrupted: 'Ended by SIGINT (Ctrl-C) before it was done.',
  outputClosed: 'The reader of the output went away, as `head` does.',
  terminated: 'Ended by SIGTERM before it was done.',
};
