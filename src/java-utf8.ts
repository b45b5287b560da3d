/**
 * UTF-8 as `new String(bytes, UTF_8)` reads it. Malformed input becomes U+FFFD, once per longest broken sequence;
 * unlike TextDecoder, a surrogate coded in three bytes counts as one such sequence, not as three.
 */

const replacement = '\ufffd';

/** Reads any bytes; never fails. */
export function decodeUtf8(bytes: readonly number[]): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const trail = trailLength(lead);
    let codePoint = trail === 0 ? lead : lead & (0x3f >> trail);
    let length = 1;
    while (length <= trail && isTrail(lead, length, bytes[at + length])) {
      codePoint = (codePoint << 6) | ((bytes[at + length] ?? 0) & 0x3f);
      length++;
    }
    const broken = length <= trail || (trail === 0 && lead >= 0x80) || isSurrogate(codePoint);
    text += broken ? replacement : String.fromCodePoint(codePoint);
    at += length;
  }
  return text;
}

function trailLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

/** The first byte behind a lead has narrower bounds where a shorter form or a value above U+10FFFF is excluded. */
function isTrail(lead: number, index: number, byte: number | undefined): boolean {
  if (byte === undefined || byte < 0x80 || byte > 0xbf) return false;
  if (index > 1) return true;
  if (lead === 0xe0) return byte >= 0xa0;
  if (lead === 0xf0) return byte >= 0x90;
  return lead !== 0xf4 || byte <= 0x8f;
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}
