/**
 * An immutable map from text to `V` whose update copies a small part of it: 10,000 registrations change one by one
 * without copying 10,000 entries each time. Order is by shard and then by insertion; callers must not rely on it.
 */

const shardCount = 256;

export class ShardedMap<V> {
  readonly size: number;
  readonly #shards: readonly (ReadonlyMap<string, V> | undefined)[];

  private constructor(shards: readonly (ReadonlyMap<string, V> | undefined)[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  static empty<V>(): ShardedMap<V> {
    return new ShardedMap<V>([], 0);
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) ?? false;
  }

  /** A map with these entries set, and those whose value is undefined removed; each touched shard is copied once. */
  with(changes: Iterable<readonly [string, V | undefined]>): ShardedMap<V> {
    let shards: (ReadonlyMap<string, V> | undefined)[] | undefined;
    const copies = new Map<number, Map<string, V>>();
    let { size } = this;
    for (const [key, value] of changes) {
      const index = shardOf(key);
      shards ??= [...this.#shards];
      let copy = copies.get(index);
      if (copy === undefined) {
        copy = new Map(shards[index]);
        copies.set(index, copy);
        shards[index] = copy;
      }
      const had = copy.has(key);
      if (value === undefined) copy.delete(key);
      else copy.set(key, value);
      size += Number(copy.has(key)) - Number(had);
    }
    return shards === undefined ? this : new ShardedMap(shards, size);
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard;
  }

  *keys(): IterableIterator<string> {
    for (const [key] of this) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this) yield value;
  }

  /** As an object, for inspectors and scripts. */
  toJSON(): Record<string, V> {
    return Object.fromEntries(this);
  }
}

/** So much of a name's beginning tells it from others: of a URL, the protocol, host and port. */
const headMax = 48;
/** And so much of its end: of a URL, the last parameters. */
const tailMax = 16;

/**
 * FNV-1a over what tells keys apart: the path, and both ends of the name, which is as long as a URL. Keys that are alike
 * there share a shard, which is slower and not wrong.
 */
function shardOf(key: string): number {
  const head = Math.min(key.length, key.lastIndexOf('/') + 1 + headMax);
  let hash = 0x811c9dc5;
  for (let index = 0; index < head; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  for (let index = Math.max(head, key.length - tailMax); index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shardCount;
}
