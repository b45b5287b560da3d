/** A bounded memory from texts to what was made of them, so that equal texts are worked on once. */

/**
 * Forgets by generations: entries not asked for since the last generation filled up go. Bounded by the total length
 * of the texts, because that is what costs memory; at most two generations are held.
 */
export class RecentTexts<Value> {
  readonly #lengthMax: number;
  #length = 0;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** `lengthMax` is the length of all texts of one generation, in UTF-16 units. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get(text: string): Value | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.add(text, old);
    return old;
  }

  /** Remembers a value, unless its text alone would take a noticeable part of the room. */
  add(text: string, value: Value): void {
    if (text.length > this.#lengthMax / 256) return;
    this.#length += text.length;
    if (this.#length > this.#lengthMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#length = text.length;
    }
    this.#young.set(text, value);
  }
}
