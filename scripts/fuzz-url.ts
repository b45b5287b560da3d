/**
 * Gives a million random and mutated texts to all that reads foreign text, and measures that the time grows linearly
 * with a text's length. Run with `npm run fuzz:url [texts] [seed]`; prints counts and ratios, exits 1 on a violation.
 */
import { percentDecode } from '../src/percent-coding.js';
import { readProperties } from '../src/properties.js';
import { ServiceUrl } from '../src/url.js';
import { parseUrlText } from '../src/url-parse.js';
import { parseQuery } from '../src/url-query.js';
import { type FuzzCounts, fuzzOnce } from '../test/support/url-fuzz.js';
import { foreignTexts } from '../test/support/url-texts.js';

const textCount = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const lengths = [10_000, 100_000] as const;
const ratioMax = 15;
const samples = 15;

/** Texts, between bars, that tempt a reader to look at their parts more than once when they are repeated. */
const shapes = [
  'a¦ ¦&¦=¦,¦:¦/¦@¦?¦%¦+¦\\¦#¦\n¦\r¦\t¦\0¦中¦\ud83d¦9¦a=b&¦ =¦ ,¦, ¦& ¦:/¦://¦a@¦:@¦%41¦%zz¦%ff¦%e4¦%ED%A0%80¦%+A¦١',
  '\\\n¦\\\r\n¦\\ ¦\\u0041¦\\t¦#\n¦k=v\n¦k\\:v ¦= ¦  \\\n¦default.a=¦=&¦${a¦dubbo://h:1/p?a=1&¦é%¦😀',
].flatMap((line) => line.split('¦'));

let serial = 0;

/** Filled up to the length; distinct, because equal texts are remembered, and flat, as texts from a network are. */
function filled(shape: string, prefix: string, length: number): string {
  const head = `${prefix}${serial++}`;
  const text =
    head + shape.repeat(Math.ceil((length - head.length) / shape.length)).slice(0, length - head.length);
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** What is read, with the text in front of the shape that leads there. */
const readers: Readonly<Record<string, readonly [prefix: string, read: (text: string) => unknown]>> = {
  'url body': ['', parseUrlText],
  'url query': ['dubbo://h:1/p?a=', (text) => parseQuery(parseUrlText(text).query)],
  'url list': ['dubbo://h:1/p?a=', (text) => ServiceUrl.parse(text).getListParameter('a', [])],
  decode: ['', percentDecode],
  properties: ['', readProperties],
};

function fuzz(): FuzzCounts {
  const counts: FuzzCounts = { texts: 0, parsed: 0, decoded: 0, propertiesRead: 0 };
  const texts = foreignTexts(seed);
  while (counts.texts < textCount) {
    const text = texts.next().value;
    try {
      fuzzOnce(text, counts);
    } catch (error) {
      console.error(`violation, text ${counts.texts} of seed ${seed}: ${JSON.stringify(text)}`);
      throw error;
    }
  }
  return counts;
}

/** The median time of reading once, in nanoseconds; a refusal is an answer too. */
function medianNs(name: string, shape: string, length: number): number {
  const [prefix, read] = readers[name] ?? ['', String];
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const texts = Array.from({ length: 200_000 / length }, () => filled(shape, prefix, length));
    const begin = process.hrtime.bigint();
    for (const text of texts) {
      try {
        read(text);
      } catch {
        // Only the time matters here.
      }
    }
    times.push(Number(process.hrtime.bigint() - begin) / texts.length);
  }
  return times.sort((a, b) => a - b)[samples >> 1] ?? Number.NaN;
}

/** The best of a few attempts, since a busy machine can only make a ratio worse. */
function ratioOf(name: string, shape: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 4 && best > ratioMax; attempt++) {
    const [short = 0, long = 0] = lengths.map((length) => medianNs(name, shape, length));
    best = Math.min(best, long / short);
  }
  return best;
}

const counts = fuzz();
console.log(`seed ${seed}:`, counts);
let violations = 0;
for (const name of Object.keys(readers)) {
  const ratios = shapes.map((shape) => [ratioOf(name, shape), shape] as const);
  const [worst, shape] = ratios.reduce((a, b) => (b[0] > a[0] ? b : a));
  violations += ratios.filter(([ratio]) => ratio > ratioMax).length;
  const sorted = ratios.map(([ratio]) => ratio).sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1]?.toFixed(1);
  console.log(
    `${name}: 100 kB costs ${middle} times 10 kB in the middle of ${shapes.length} shapes, ` +
      `at most ${worst.toFixed(1)} times, for ${JSON.stringify(shape)} (limit ${ratioMax})`,
  );
}
if (violations > 0) {
  console.error(`${violations} shapes cost more than ${ratioMax} times`);
  process.exitCode = 1;
}
