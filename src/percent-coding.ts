/**
 * The coding of one etcd key segment: `application/x-www-form-urlencoded` in UTF-8 as Java's URLEncoder writes it
 * and URLDecoder reads it. Go's registry codes `*` and `~` the other way round, so keys are decoded, never compared.
 */
import { RegistryError } from './errors.js';
import { asciiDigits } from './java-text.js';
import { decodeUtf8 } from './java-utf8.js';
import { quoted } from './quoted.js';

/** Letters, digits and `. - * _` stay, a space becomes `+`, an unpaired surrogate `%3F`, all else `%XX` per byte. */
export function percentEncode(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  if (/^[\w.*-]*$/.test(text)) return text;
  return encodeUnits(text).replace(/%20|[!'()~]/g, encodeRest);
}

function encodeUnits(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?'));
  }
}

function encodeRest(kept: string): string {
  if (kept === '%20') return '+';
  return `%${kept.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * Reads what {@link percentEncode}, or a foreign writer, wrote. Bytes that are no UTF-8 become U+FFFD; an incomplete
 * or non-hexadecimal escape is an INVALID_URL with its position.
 */
export function percentDecode(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const spaced = text.replaceAll('+', ' ');
  if (!text.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeRuns(text); // Not what an encoder writes: read it escape by escape, as Java does.
  }
}

function decodeRuns(text: string): string {
  let decoded = '';
  let at = 0;
  while (at < text.length) {
    if (text[at] === '%') {
      const bytes: number[] = [];
      for (; text[at] === '%'; at += 3) bytes.push(decodeByte(text, at));
      decoded += decodeUtf8(bytes);
    } else {
      const next = text.indexOf('%', at);
      const end = next < 0 ? text.length : next;
      decoded += text.slice(at, end).replaceAll('+', ' ');
      at = end;
    }
  }
  return decoded;
}

/** Java reads the two units behind `%` as a hexadecimal int, so `%+A`, `%-0` and digits of other scripts pass. */
function decodeByte(text: string, at: number): number {
  if (at + 2 >= text.length) throw undecodable(text, at, 'the escape at the end is incomplete');
  const digits = asciiHex(text.slice(at + 1, at + 3));
  if (!/^(?:[0-9a-f]{2}|[+-][0-9a-f])$/i.test(digits))
    throw undecodable(text, at, 'the escape is not hexadecimal');
  const value = Number.parseInt(digits, 16);
  if (value < 0) throw undecodable(text, at, 'the escape is negative');
  return value + 0;
}

/** `Character.digit` knows full-width letters beside the digits of every script. */
function asciiHex(digits: string): string {
  if (/^[\0-\x7f]*$/.test(digits)) return digits;
  return asciiDigits(digits).replace(/[\uff21-\uff26\uff41-\uff46]/g, (letter) =>
    String.fromCharCode(letter.charCodeAt(0) - 0xfee0),
  );
}

function undecodable(text: string, position: number, reason: string): RegistryError {
  return new RegistryError(
    'INVALID_URL',
    `cannot decode ${quoted(text)}: ${reason}, at ${position}; write %25 for a literal percent sign`,
    { text, position, reason },
  );
}
