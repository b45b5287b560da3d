import { expect, test } from 'vitest';
import { type FuzzCounts, fuzzOnce } from './support/url-fuzz.js';
import { foreignTexts } from './support/url-texts.js';

test('answers or refuses 20,000 random and mutated texts, and throws nothing else', () => {
  const counts: FuzzCounts = { texts: 0, parsed: 0, decoded: 0, propertiesRead: 0 };
  for (const text of foreignTexts(20_190_311)) {
    fuzzOnce(text, counts);
    if (counts.texts === 20_000) break;
  }
  // Each reader must have seen enough of both kinds for the run to mean something.
  for (const answered of [counts.parsed, counts.decoded, counts.propertiesRead]) {
    expect(answered).toBeGreaterThan(10_000);
    expect(answered).toBeLessThan(19_500);
  }
});
