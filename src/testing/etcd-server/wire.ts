/** A look at a request as it came over the wire, for the one thing that decoding loses: a field that is present but empty. */

/** True when a message has the field, given by its number, with no bytes in it. */
export function hasEmptyField(message: Uint8Array, field: number): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  let empty = false;
  while (at < message.length) {
    const tag = varint();
    const [number, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 2) {
      const length = varint();
      if (number === field) empty = length === 0;
      at += length;
    } else if (kind === 0) varint();
    else at += kind === 1 ? 8 : 4;
  }
  return empty;
}
