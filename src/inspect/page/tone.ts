/** How well something is, as a colour: the same words for actors, states, badges and boxes. */
import type { ActorRow } from './protocol.js';

export type Tone = 'good' | 'doubtful' | 'bad' | 'failed' | 'calm' | 'busy';

const toneOfTag: Readonly<Record<string, Tone>> = {
  up: 'good',
  usable: 'good',
  live: 'good',
  down: 'bad',
  stale: 'bad',
  doubtful: 'doubtful',
};

export function toneOfTags(tags: readonly string[]): Tone | undefined {
  const tones = tags.map((tag) => toneOfTag[tag]);
  return tones.includes('doubtful') ? 'doubtful' : tones.find((tone) => tone !== undefined);
}

export function toneOfActor({ status, tags, machine, state }: ActorRow): Tone {
  if (status === 'error') return 'failed';
  if (status !== 'active') return 'calm';
  const tone = toneOfTags(tags);
  if (tone !== undefined) return tone;
  if (machine === 'lease') return state === 'idle' ? 'calm' : 'bad';
  if (machine === 'registry') return state?.includes('life.running') === true ? 'good' : 'calm';
  return machine === null ? 'busy' : 'calm';
}
