/** What fast-check draws: texts of any units, and URLs that lose nothing when they are written and read again. */
import fc from 'fast-check';
import { ServiceUrl } from '../../src/url.js';

/** Any string of JavaScript, unpaired surrogates included. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 24 })
  .map((units) => String.fromCharCode(...units));

/** Texts without some characters, without blanks at the ends, well-formed, and not empty. */
function textWithout(excluded: RegExp): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .map((text) => text.replace(excluded, '').replace(/^[\0- ]+|[\0- ]+$/g, ''))
    .filter((text) => text !== '');
}

const part = textWithout(/[:/?@&=%]/g);

/** Every URL whose parts can be told apart in its text, and whose parameters need no escape. */
export const carriedUrl: fc.Arbitrary<ServiceUrl> = fc
  .record({
    protocol: part,
    username: fc.option(part),
    password: fc.option(part),
    host: part,
    port: fc.option(fc.integer({ min: 1, max: 2_147_483_647 })),
    path: fc.option(textWithout(/^\/+|\?/g)),
    parameters: fc.dictionary(textWithout(/[&=]/g), fc.oneof(textWithout(/&/g), fc.constant('')), {
      maxKeys: 6,
    }),
  })
  .map(({ protocol, username, password, host, port, path, parameters }) =>
    ServiceUrl.parse(`${protocol}://${host}`)
      .withUsername(username ?? undefined)
      .withPassword(username === null ? undefined : (password ?? undefined))
      .withPort(port ?? 0)
      .withPath(path ?? undefined)
      .addParameters(parameters),
  );

const names = ['a', 'b', 'a,b', '*'] as const;
const optionally = (key: string, values: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom(...values.map((value) => `${key}=${value}&`)) },
  );

/** URLs of so few values that two of them often match. */
export const likelyUrl: fc.Arbitrary<ServiceUrl> = fc
  .tuple(
    fc.constantFrom('/s', '/s', '/s', '/t', ''),
    optionally('interface', ['s', 't', '*', '']),
    optionally('category', [
      'providers',
      'routers',
      '*',
      'providers,configurators',
      '-routers',
      'provider',
      '',
    ]),
    optionally('enabled', ['true', 'false', '*', 'TRUE', '']),
    optionally('group', [...names, ' a , b ', '']),
    optionally('version', [...names, '']),
    optionally('classifier', [...names, '']),
    optionally('default.group', ['a']),
  )
  .map(([path, ...parameters]) => ServiceUrl.parse(`dubbo://h${path}?${parameters.join('')}`));
