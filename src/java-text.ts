/**
 * Text rules of the Java class library that Dubbo's wire form depends on, where JavaScript's differ: what a blank
 * is, what an int is, how a list is split. Nothing here knows a URL.
 */

const intMax = 2_147_483_647n;
const longMax = 9_223_372_036_854_775_807n;

/** Strips units up to U+0020 at both ends, as `String.trim` does; U+00A0 and U+FEFF stay. */
export function javaTrim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** {@link javaTrim}, at the end only. */
export function javaTrimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 0x20) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** `String.equalsIgnoreCase` against an ASCII word in upper case: unit by unit, so 'ſ' equals 'S'. */
export function equalsIgnoringCase(text: string, upperCaseWord: string): boolean {
  return text.length === upperCaseWord.length && text.toUpperCase() === upperCaseWord;
}

/** The value of a decimal integer as `Integer.parseInt` reads it, or undefined where that throws. */
export function parseJavaInt(text: string): number | undefined {
  if (/^-?[0-9]{1,9}$/.test(text)) return Number(text) + 0;
  const value = parseDecimal(text);
  return value === undefined || value > intMax || value < -intMax - 1n ? undefined : Number(value);
}

/** The value of a decimal integer as `Long.parseLong` reads it, or undefined where that throws. */
export function parseJavaLong(text: string): bigint | undefined {
  const value = parseDecimal(text);
  return value === undefined || value > longMax || value < -longMax - 1n ? undefined : value;
}

/**
 * The value of a decimal floating-point number as `Double.parseDouble` reads it, or undefined where that throws.
 * Java's hexadecimal form (`0x1p3`) is not read.
 */
export function parseJavaDouble(text: string): number | undefined {
  const trimmed = javaTrim(text);
  const special = /^([+-]?)(NaN|Infinity)$/.exec(trimmed);
  if (special !== null) return special[2] === 'NaN' ? Number.NaN : Number(trimmed);
  const decimal = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?$/.exec(trimmed);
  return decimal === null ? undefined : Number(decimal[1]);
}

function parseDecimal(text: string): bigint | undefined {
  const ascii = /^[\0-\x7f]*$/.test(text) ? text : asciiDigits(text);
  const parts = /^([+-]?)([0-9]+)$/.exec(ascii);
  if (parts === null) return undefined;
  const digits = (parts[2] ?? '').replace(/^0+/, '');
  if (digits.length > 19) return undefined; // Longer than any long; BigInt of a long text is quadratic.
  const value = BigInt(digits);
  return parts[1] === '-' ? -value : value;
}

/** Replaces every decimal digit of another script by its ASCII digit, because Java's number parsers take them all. */
export function asciiDigits(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => (/\p{Nd}/u.test(unit) ? String(digitValue(unit)) : unit));
}

/** Scripts start their digits at U+…0 or at U+…6, so the unit at U+…0 tells which of the two this one does. */
function digitValue(unit: string): number {
  const low = unit.charCodeAt(0) & 0xf;
  const startsAtZero = /\p{Nd}/u.test(String.fromCharCode(unit.charCodeAt(0) - low));
  return startsAtZero ? low : low - 6;
}

/**
 * Splits at each run of separators (one character, or either of two) together with the blanks around it, as the Java
 * regular expression `\s*[separators]+\s*` does: empty pieces at the end are dropped, one at the start is kept. Linear
 * in the text, which that regular expression is not.
 */
export function splitList(text: string, separators: ',' | '|;' = ','): string[] {
  const [first, second] = [separators.charCodeAt(0), separators.charCodeAt(separators.length - 1)];
  const pieces: string[] = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    if (text.charCodeAt(at) !== first && text.charCodeAt(at) !== second) {
      at++;
      continue;
    }
    let end = at;
    while (end > start && isJavaSpace(text.charCodeAt(end - 1))) end--;
    pieces.push(text.slice(start, end));
    while (text.charCodeAt(at) === first || text.charCodeAt(at) === second) at++;
    while (isJavaSpace(text.charCodeAt(at))) at++;
    start = at;
  }
  if (pieces.length === 0) return [text];
  pieces.push(text.slice(start));
  while (pieces.at(-1) === '') pieces.pop();
  return pieces;
}

/** What `\s` means in a Java regular expression: space, tab, line feed, vertical tab, form feed, carriage return. */
function isJavaSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}
