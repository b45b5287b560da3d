/**
 * How many provider URLs are read in a second: the first time, and again; beside WHATWG URL, and beside a floor that
 * only finds the pieces. Run with `npm run bench:url`. The ratios hold on any machine, the numbers do not.
 */
import { ServiceUrl } from '../src/url.js';
import { isMatch } from '../src/url-match.js';

const count = 10_000;
const rounds = 7;

/** A provider URL as Dubbo 2.7 registers it, about 400 characters; the serial number makes each one distinct. */
function providerText(serial: number): string {
  return (
    `dubbo://10.20.${(serial >> 8) & 255}.${serial & 255}:20880/com.acme.orders.api.OrderQueryService?anyhost=true` +
    '&application=order-center&bean.name=com.acme.orders.api.OrderQueryService&default.retries=0&default.timeout=3000' +
    '&dubbo=2.0.2&dynamic=true&generic=false&group=blue&interface=com.acme.orders.api.OrderQueryService' +
    '&methods=findById,findAll,count,page&pid=4711&register=true&release=2.7.1&revision=1.4.2&side=provider' +
    `&timestamp=${1_552_276_800_000 + serial}&version=1.0.0`
  );
}

/** The least any reader must do: find the pieces of the body, cut the query, and put the pairs in a map. */
function floor(text: string): unknown {
  const start = text.indexOf('://') + 3;
  const slash = text.indexOf('/', start);
  const query = text.indexOf('?', slash);
  const colon = text.lastIndexOf(':', slash);
  const parameters = new Map<string, string>();
  for (const pair of text.slice(query + 1).split('&')) {
    const equals = pair.indexOf('=');
    parameters.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  const host = text.slice(start, colon);
  return { host, port: Number(text.slice(colon + 1, slash)), path: text.slice(slash + 1, query), parameters };
}

const consumer = ServiceUrl.parse(
  'consumer://10.20.0.9/com.acme.orders.api.OrderQueryService?category=providers,configurators,routers&group=blue' +
    '&interface=com.acme.orders.api.OrderQueryService&side=consumer&version=1.0.0',
);

let serial = 0;

/** Texts nobody has read before, each in its own memory as if it came from the network. */
function freshTexts(): string[] {
  return Array.from({ length: count }, () => Buffer.from(providerText(serial++)).toString('latin1'));
}

function secondsOf(texts: readonly string[], read: (text: string) => unknown): number {
  const begin = process.hrtime.bigint();
  let kept: unknown;
  for (const text of texts) kept = read(text);
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  if (kept === undefined) throw new Error('nothing was read');
  return seconds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const lanes: Readonly<Record<string, (texts: readonly string[]) => number>> = {
  'floor: find the pieces, fill a map': (texts) => secondsOf(texts, floor),
  'ServiceUrl, first time, parts only': (texts) => secondsOf(texts, (text) => ServiceUrl.parse(text).host),
  'ServiceUrl, first time, one parameter': (texts) =>
    secondsOf(texts, (text) => ServiceUrl.parse(text).getParameter('version')),
  'ServiceUrl, first time, matched with a consumer': (texts) =>
    secondsOf(texts, (text) => isMatch(consumer, ServiceUrl.parse(text))),
  'ServiceUrl, first time, all parameters': (texts) =>
    secondsOf(texts, (text) => ServiceUrl.parse(text).parameters),
  'ServiceUrl, again, one parameter': (texts) => {
    for (const text of texts) ServiceUrl.parse(text);
    const copies = texts.map((text) => Buffer.from(text).toString('latin1'));
    return secondsOf(copies, (text) => ServiceUrl.parse(text).getParameter('version'));
  },
  'WHATWG URL, parts only': (texts) => secondsOf(texts, (text) => new URL(text).host),
  'WHATWG URL, one parameter': (texts) =>
    secondsOf(texts, (text) => new URL(text).searchParams.get('version')),
};

const samples = new Map<string, number[]>(Object.keys(lanes).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, lane] of Object.entries(lanes)) {
    const seconds = lane(freshTexts());
    if (round > 0) samples.get(name)?.push(seconds); // The first round warms up.
  }
}

const [floorSeconds = Number.NaN] = [...samples.values()].map(median);
console.log(`${providerText(0).length} characters, ${count} distinct texts, median of ${rounds} rounds`);
console.log('reads per second  times the floor  what');
for (const [name, values] of samples) {
  const seconds = median(values);
  const perSecond = Math.round(count / seconds).toLocaleString('en-US');
  console.log(`${perSecond.padStart(16)}  ${(seconds / floorSeconds).toFixed(2).padStart(15)}  ${name}`);
}
