/** What the command may show of what others wrote: no secrets, and nothing that steers a terminal. */
import { type Secrets, secretsFor } from '../secrets.js';

/** What looks secret by its name. */
export const secrets: Secrets = secretsFor({});

/** Foreign text on a line of its own making: secrets are hidden, control characters become visible. */
export function shown(text: string): string {
  return secrets.withoutSecrets(text).replace(unprintable, escaped);
}

/** JSON for a program: secrets in its texts are hidden. */
export function shownJson(value: unknown, indent = 0): string {
  const hide = (_name: string, each: unknown): unknown =>
    typeof each === 'string' ? secrets.withoutSecrets(each) : each;
  return jsonOf(JSON.parse(JSON.stringify(value, hide)), indent);
}

/** JSON that a terminal may show: characters without a shape of their own, which JSON allows, are escaped as well. */
export function jsonOf(value: unknown, indent = 0): string {
  // Line breaks of the indentation are our own.
  return JSON.stringify(value, null, indent).replace(unprintable, (found) =>
    found === '\n' ? found : escaped(found),
  );
}

/** Controls, and marks that hide text or turn its direction. */
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** One escape for each half of what needs two, so that JSON reads it back. */
function escaped(found: string): string {
  return [...Array(found.length).keys()]
    .map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}
