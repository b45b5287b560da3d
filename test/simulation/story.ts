/** What happens in one simulation, as plain data: who does what when, and what goes wrong. Drawn from a seed, or told by hand. */
import { consumedPerProcess, providedPerProcess, sharedCount } from './catalogue.js';
import { type Dice, diceFor } from './chance.js';

/** What a process does; `what` picks the URL. */
export interface Deed {
  readonly at: number;
  readonly who: number;
  readonly do: 'register' | 'unregister' | 'subscribe' | 'unsubscribe' | 'restart' | 'kill';
  readonly what: number;
}

export const faultKinds = [
  'reset',
  'cut',
  'blackhole',
  'upLost',
  'downLost',
  'slowLink',
  'answersLost',
  'crash',
  'wipe',
  'wipeAhead',
  'pause',
  'noLeader',
  'slow',
  'lateWrites',
  'noSpace',
  'compact',
  'storm',
  'revoke',
  'deleteKey',
  'overwrite',
  'garbage',
  'stranger',
] as const;

/** Rights that a process lacks for a while are drawn apart from the other faults, and for some stories only. */
export type FaultKind = (typeof faultKinds)[number] | 'denied';

/** What goes wrong: for how long, at whose link or key, and how much of it. */
export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  readonly ms: number;
  readonly who: number;
  readonly size: number;
}

export interface Story {
  readonly seed: number;
  readonly processes: number;
  /** Of every lease. @defaultValue 6000 */
  readonly ttlMs?: number;
  readonly workload: readonly Deed[];
  readonly faults: readonly Fault[];
}

/** When the last fault is over, and when everybody is closed. */
export const healAtMs = 116_000;
/** What the dead leave behind has to be gone by the time everything has to be true. */
const lastDeathAtMs = healAtMs - 4_000;
/** What was denied is asked for again with the next regular audit only. */
const lastDenialAtMs = healAtMs - 20_000;
export const closeAtMs = 148_500;
export const endAtMs = 152_000;

/** The longest that a fault of each kind lasts; 0 for what happens at once. */
const durations: Readonly<Record<FaultKind, readonly [number, number]>> = {
  reset: [0, 0],
  cut: [100, 15_000],
  blackhole: [200, 20_000],
  upLost: [200, 12_000],
  downLost: [200, 12_000],
  slowLink: [1_000, 10_000],
  answersLost: [1_000, 3_000],
  crash: [50, 9_000],
  wipe: [0, 0],
  wipeAhead: [0, 0],
  pause: [300, 12_000],
  noLeader: [500, 9_000],
  slow: [1_000, 8_000],
  lateWrites: [2_000, 10_000],
  noSpace: [1_000, 9_000],
  compact: [0, 0],
  storm: [1_000, 4_000],
  revoke: [0, 0],
  deleteKey: [0, 0],
  overwrite: [0, 0],
  garbage: [0, 0],
  stranger: [0, 0],
  denied: [200, 20_000],
};

/** How much happens in a story. */
interface Pace {
  /** Between two faults, and between two deeds, there is up to twice one of these. */
  readonly faultGapsMs: readonly number[];
  readonly deedGapsMs: readonly number[];
  /** The chance of each kind of fault to be among those of the story. */
  readonly kindShare: number;
  /** The weight of a restart, and of a kill, among the deeds. */
  readonly restartWeight: number;
  /** The chance of a deed to be about a URL that all processes share. */
  readonly sharedUrlShare: number;
}

const ordinary = { kindShare: 0.5, restartWeight: 1, sharedUrlShare: 0.25 };

/** What takes several things at one moment is found by hectic stories, what takes time between them by calm ones. */
const paces = {
  calm: { ...ordinary, faultGapsMs: [9_000, 18_000], deedGapsMs: [5_000, 10_000] },
  usual: { ...ordinary, faultGapsMs: [2_000, 4_500, 9_000], deedGapsMs: [1_000, 2_500, 5_000] },
  hectic: {
    faultGapsMs: [800, 1_500, 2_500],
    deedGapsMs: [500, 1_000, 2_500],
    kindShare: 0.3,
    restartWeight: 4,
    sharedUrlShare: 0.55,
  },
} satisfies Record<string, Pace>;

/** The story of a seed. Each seed enables its own kinds of faults, so that rare kinds also meet alone. */
export function storyOf(seed: number): Story {
  const dice = diceFor(seed, 'shape');
  const processes = dice.weighted([
    [3, 2],
    [1, 3],
  ] as const);
  const pace = dice.weighted([
    [3, paces.calm],
    [2, paces.usual],
    [1, paces.hectic],
  ] as const);
  return {
    seed,
    processes,
    // At most 15 s: an etcd that restarts when all is healed gives the leases of the dead their whole time again.
    ttlMs: dice.pick([6_000, 10_000, 15_000]),
    workload: workloadOf(diceFor(seed, 'workload'), processes, pace),
    faults: troublesOf(seed, processes, pace),
  };
}

function workloadOf(dice: Dice, processes: number, pace: Pace): Deed[] {
  const deeds: Deed[] = [];
  // In half of the stories the last process only consumes, and so never learns of the sentinel by writing it.
  const providers = processes - Number(dice.chance(0.5));
  for (let who = 0; who < processes; who += 1) {
    for (let count = 0; count < 3 && who < providers; count += 1) {
      deeds.push({
        at: dice.integer(0, 400),
        who,
        do: 'register',
        what: dice.integer(0, providedPerProcess - 1),
      });
    }
    deeds.push({ at: dice.integer(0, 400), who, do: 'subscribe', what: dice.integer(0, 2) });
  }
  const busyMs = dice.pick(pace.deedGapsMs);
  for (let at = 1_000; at < healAtMs + 2_000; at += dice.integer(1, 2 * busyMs)) {
    const who = dice.integer(0, processes - 1);
    const isProvider = who < providers;
    const verb = dice.weighted([
      [isProvider ? 40 : 0, 'register'],
      [isProvider ? 30 : 0, 'unregister'],
      [12, 'subscribe'],
      [8, 'unsubscribe'],
      [pace.restartWeight, 'restart'],
      [at < lastDeathAtMs ? pace.restartWeight : 0, 'kill'],
    ] as const);
    const isUrl = verb === 'register' || verb === 'unregister';
    const what = isUrl ? urlOf(dice, pace) : dice.integer(0, consumedPerProcess - 1);
    deeds.push({ at, who, do: verb, what });
    // Changing one's mind within a round trip or two is where intents and answers cross.
    if (isUrl && dice.chance(0.25)) {
      const back = verb === 'register' ? 'unregister' : 'register';
      deeds.push({ at: at + dice.integer(0, 12), who, do: back, what });
    }
  }
  return deeds.sort((a, b) => a.at - b.at);
}

/** One of the URLs of a process, or one that all share. */
function urlOf(dice: Dice, { sharedUrlShare }: Pace): number {
  const ownCount = providedPerProcess - sharedCount;
  return dice.chance(sharedUrlShare)
    ? ownCount + dice.integer(0, sharedCount - 1)
    : dice.integer(0, ownCount - 1);
}

function faultsOf(dice: Dice, processes: number, pace: Pace): Fault[] {
  const enabled = faultKinds.filter(() => dice.chance(pace.kindShare));
  const kinds = enabled.length > 0 ? enabled : [dice.pick(faultKinds)];
  const faults: Fault[] = [];
  const gapMs = dice.pick(pace.faultGapsMs);
  for (let at = 3_000; at < healAtMs - 2_000; at += dice.integer(200, 2 * gapMs)) {
    faults.push(faultAt(at, dice.pick(kinds), dice, processes));
  }
  return faults;
}

/** In a third of the stories rights come and go, in half of those nothing else goes wrong. */
function troublesOf(seed: number, processes: number, pace: Pace): readonly Fault[] {
  const faults = faultsOf(diceFor(seed, 'faults'), processes, pace);
  const dice = diceFor(seed, 'rights');
  if (dice.chance(2 / 3)) return faults;
  return [...(dice.chance(0.5) ? faults : []), ...denialsOf(dice, processes)];
}

function denialsOf(dice: Dice, processes: number): Fault[] {
  const faults: Fault[] = [];
  const gapMs = dice.pick([5_000, 20_000]);
  for (let at = dice.integer(0, 30_000); at < lastDenialAtMs; at += dice.integer(200, 2 * gapMs)) {
    const fault = faultAt(at, 'denied', dice, processes);
    faults.push({ ...fault, ms: Math.min(fault.ms, lastDenialAtMs - at) });
  }
  return faults;
}

function faultAt(at: number, kind: FaultKind, dice: Dice, processes: number): Fault {
  const [shortest, longest] = durations[kind];
  // Squared, so that most are short and some are long.
  const ms = Math.round(shortest + (longest - shortest) * dice.next() ** 2);
  return { at, kind, ms, who: dice.integer(0, processes - 1), size: dice.integer(0, 40) };
}
