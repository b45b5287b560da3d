/**
 * Keys as ordered text, and spans of keys. etcd orders keys as bytes; a latin1 string has one character per byte, so that
 * comparing such strings compares the bytes. Nothing outside the core sees this form.
 */

/** The keys from `from` up to but without `until`; a null `until` has no upper end. */
export interface KeySpan {
  readonly from: string;
  readonly until: string | null;
}

/** Bytes as ordered text. */
export function textOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Ordered text back as bytes. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** What `key` and `range_end` of a request mean: one key, a half-open range, or (range_end `\0`) everything from the key on. */
export function spanOf(key: Uint8Array | undefined, rangeEnd: Uint8Array | undefined): KeySpan {
  const from = textOf(key);
  const end = textOf(rangeEnd);
  if (end === '') return { from, until: `${from}\0` };
  return { from, until: end === '\0' ? null : end };
}

/** True when the span contains the key. */
export function covers(span: KeySpan, key: string): boolean {
  return key >= span.from && (span.until === null || key < span.until);
}
