/**
 * Keys and values are bytes in etcd and text in the machines. Bytes that are not UTF-8 become lone surrogates
 * U+DC80…U+DCFF, one per byte, so that two different keys never look the same and each can be written back.
 */
import { isUtf8 } from 'node:buffer';

/** The text of some bytes. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString('utf8') : escaped(buffer);
}

/** The bytes of some text; the inverse of {@link textOf}. */
export function bytesOf(text: string): Buffer {
  return hasEscapes(text) ? unescaped(text) : Buffer.from(text, 'utf8');
}

/** True when the text stands for bytes that are not UTF-8. */
export function hasEscapes(text: string): boolean {
  return /(?:^|[^\uD800-\uDBFF])[\uDC80-\uDCFF]/.test(text);
}

/** The end of the range of all keys that start with `prefix` (etcd API: RangeRequest.range_end). */
export function prefixEnd(prefix: Buffer): Buffer {
  for (let index = prefix.length - 1; index >= 0; index -= 1) {
    const byte = prefix[index] ?? 0xff;
    if (byte < 0xff) return Buffer.concat([prefix.subarray(0, index), Buffer.from([byte + 1])]);
  }
  return Buffer.from([0]);
}

/** Decodes what is UTF-8, and escapes the bytes between. */
function escaped(bytes: Buffer): string {
  let text = '';
  let index = 0;
  while (index < bytes.length) {
    const length = sequenceLength(bytes, index);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[index] ?? 0))
        : bytes.toString('utf8', index, index + length);
    index += Math.max(length, 1);
  }
  return text;
}

/** The length of the valid UTF-8 sequence at `index`, or 0. */
function sequenceLength(bytes: Buffer, index: number): number {
  const lead = bytes[index] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return length > 0 && index + length <= bytes.length && isUtf8(bytes.subarray(index, index + length))
    ? length
    : 0;
}

function unescaped(text: string): Buffer {
  const parts: Buffer[] = [];
  for (const point of text) {
    const code = point.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(point, 'utf8'));
  }
  return Buffer.concat(parts);
}
