/** Plays a fixed set of seeds and every story that once broke a promise; and that the simulation would notice. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { watcherMachine } from '../../machines/index.js';
import { patch } from './patching.js';
import { defects } from './sabotage.js';
import { shrink } from './shrink.js';
import { type Outcome, play } from './simulation.js';
import { type Story, storyOf } from './story.js';

/** More run in CI, with fresh seeds: `npm run simulate -- --minutes 2`. */
const fixedSeeds = [1, 2, 3, 5, 8, 13, 21, 34];

interface Regression {
  readonly title: string;
  readonly guarantee: string;
  readonly story: Story;
}

const folder = new URL('./stories/', import.meta.url);
const regressions = readdirSync(folder).map(read);

function read(file: string): Regression {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
}

describe('the simulation', () => {
  test.for(fixedSeeds)('keeps every promise with seed %i', async (seed) => {
    const { violation } = await play(storyOf(seed));
    expect(violation).toBeUndefined();
  });

  for (const { title, story } of regressions) {
    test(title, async () => {
      const { violation } = await play(story, { mustWork: false });
      expect(violation).toBeUndefined();
    });
  }

  test('plays the same story the same way', async () => {
    const played = async (): Promise<readonly [Outcome, readonly string[]]> => {
      const lines: string[] = [];
      return [await play(storyOf(7), { trace: (line) => lines.push(line) }), lines];
    };
    expect(await played()).toEqual(await played());
  });

  test('probes silent links in simulated time', async () => {
    const lines: string[] = [];
    const blackhole = { at: 10_000, kind: 'blackhole', ms: 20_000, who: 0, size: 0 } as const;
    const workload = [{ at: 0, who: 0, do: 'subscribe', what: 0 }] as const;
    const story: Story = { seed: 1, processes: 1, workload, faults: [blackhole] };
    await play(story, { mustWork: false, trace: (line) => lines.push(line) });
    const noticed = lines.find((line) => line.includes('stale:'));
    expect(Number.parseFloat(noticed ?? '')).toBeLessThan(13);
  });

  test('notices a listener that does not advance during a storm', async () => {
    const takenOut = ['isConfirmed', 'isAlike'].map((guard) =>
      patch(watcherMachine, 'guards', guard, () => () => false),
    );
    try {
      const { violation } = await play(read('storm-that-lasts.json').story, { mustWork: false });
      expect(violation?.guarantee).toBe('EVENTUALLY-6');
    } finally {
      for (const takeOut of takenOut) takeOut();
    }
  });

  test('calls a story in which nothing happens a failure', async () => {
    const { violation } = await play({ seed: 1, processes: 1, workload: [], faults: [] });
    expect(violation?.guarantee).toBe('WORK');
  });

  test.for(defects)('can be given the defect "$name", and be rid of it', (defect) => {
    expect(() => {
      defect.install()();
    }).not.toThrow();
  });

  test('finds a defect, and shrinks the story that shows it', async () => {
    const defect = defects.find(({ name }) => name === 'generation ignored');
    const takeOut = defect?.install();
    try {
      const whole = storyOf(1);
      const { violation } = await play(whole);
      const { story, plays } = await shrink(whole, violation?.guarantee ?? '', {}, 30);
      expect(violation?.guarantee).toMatch(/^EVENTUALLY-[13]$/);
      expect(plays).toBeGreaterThan(1);
      expect(story.faults.length + story.workload.length).toBeLessThan(whole.workload.length);
    } finally {
      takeOut?.();
    }
  });
});
