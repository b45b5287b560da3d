/** Operations and answers as text a person can read: bytes as latin1, long ones by their length. */

const shownMax = 40;

export function show(value: unknown): string {
  return JSON.stringify(readable(value));
}

function readable(value: unknown): unknown {
  if (Buffer.isBuffer(value)) {
    const text = value.toString('latin1');
    return text.length > shownMax ? `${text.slice(0, 8)}… ${text.length} bytes` : text;
  }
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, readable(part)]));
  return value;
}
