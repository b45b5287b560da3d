/**
 * Copies anything into plain JSON for people to look at: without secrets, without cycles, without functions, and of
 * bounded size whatever it is given. Never throws.
 */
import { hidden, type Secrets } from '../secrets.js';

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** How much of a value is copied. */
export interface PlainLimits {
  readonly depthMax: number;
  /** Of each list and map. */
  readonly itemsMax: number;
  /** In all. */
  readonly valuesMax: number;
  readonly textMax: number;
}

export const roomy: PlainLimits = { depthMax: 8, itemsMax: 100, valuesMax: 5_000, textMax: 4_000 };

/** For what is kept many times. */
export const tight: PlainLimits = { depthMax: 5, itemsMax: 12, valuesMax: 120, textMax: 400 };

/** For what is known to be small and has to be whole. */
export const whole: PlainLimits = { depthMax: 40, itemsMax: 1_000, valuesMax: 100_000, textMax: 10_000 };

const keyTextMax = 600;

/** A plain copy, or a word in brackets where one is not possible. */
export function plainOf(value: unknown, secrets: Secrets, limits: PlainLimits = roomy): Plain {
  return new Copier(secrets, limits).copy(value, 0);
}

class Copier {
  readonly #secrets: Secrets;
  readonly #limits: PlainLimits;
  readonly #above = new Set<object>();
  #count = 0;

  constructor(secrets: Secrets, limits: PlainLimits) {
    this.#secrets = secrets;
    this.#limits = limits;
  }

  copy(value: unknown, depth: number): Plain {
    this.#count += 1;
    switch (typeof value) {
      case 'string':
        return this.#text(value, this.#limits.textMax);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'bigint':
        return String(value);
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return value === undefined ? null : `[${typeof value}]`;
    }
  }

  #text(text: string, lengthMax: number): string {
    const shown = this.#secrets.withoutSecrets(text);
    return shown.length <= lengthMax ? shown : `${shown.slice(0, lengthMax)}… (${text.length} characters)`;
  }

  #object(value: object, depth: number): Plain {
    if (this.#above.has(value)) return '[circular]';
    if (this.#count > this.#limits.valuesMax) return '[…]';
    this.#above.add(value);
    try {
      return this.#copied(value, depth);
    } catch {
      return '[unreadable]';
    } finally {
      this.#above.delete(value);
    }
  }

  #copied(value: object, depth: number): Plain {
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
    if (isActor(value)) return `[actor ${value.sessionId}]`;
    if (depth >= this.#limits.depthMax) return Array.isArray(value) ? `[${value.length} items]` : '[…]';
    if (value instanceof Error) return this.#fields(errorFields(value), depth);
    if (value instanceof Set) return this.#list(value, value.size, depth);
    if (Array.isArray(value)) return this.#list(value, value.length, depth);
    if (isMapLike(value)) return this.#fields(value, depth, value.size);
    return this.#fields(ownFields(value), depth);
  }

  #list(items: Iterable<unknown>, size: number, depth: number): Plain {
    const copies: Plain[] = [];
    for (const item of items) {
      if (this.#isFull(copies.length)) {
        copies.push(`… ${size - copies.length} more`);
        break;
      }
      copies.push(this.copy(item, depth + 1));
    }
    return copies;
  }

  #fields(fields: Iterable<readonly [unknown, unknown]>, depth: number, size?: number): Plain {
    const copies: [string, Plain][] = [];
    for (const [name, value] of fields) {
      if (typeof value === 'function' || typeof value === 'symbol' || value === undefined) continue;
      if (this.#isFull(copies.length)) {
        copies.push(['…', size === undefined ? 'more' : `${size - copies.length} more`]);
        break;
      }
      const isHidden =
        this.#secrets.isSecretName(String(name)) && value !== null && typeof value !== 'boolean';
      const shownName = this.#text(String(name), keyTextMax);
      copies.push([shownName, isHidden ? hidden : this.copy(value, depth + 1)]);
    }
    return Object.fromEntries(copies);
  }

  #isFull(items: number): boolean {
    return items >= this.#limits.itemsMax || this.#count >= this.#limits.valuesMax;
  }
}

interface MapLike extends Iterable<readonly [unknown, unknown]> {
  readonly size: number;
}

/** Maps, and what is built like them. */
function isMapLike(value: object): value is MapLike {
  if (value instanceof Map) return true;
  const { get, size, [Symbol.iterator]: iterate } = value as Record<PropertyKey, unknown>;
  return typeof get === 'function' && typeof size === 'number' && typeof iterate === 'function';
}

function isActor(value: object): value is { readonly sessionId: string } {
  const { sessionId, send } = value as { readonly sessionId?: unknown; readonly send?: unknown };
  return typeof sessionId === 'string' && typeof send === 'function';
}

function errorFields(error: Error): Iterable<readonly [string, unknown]> {
  const { name, message, cause } = error;
  return [['name', name], ['message', message], ...ownFields(error), ['cause', cause]];
}

/** One by one, so that a property that throws when it is read spoils only itself. */
function* ownFields(value: object): Iterable<readonly [string, unknown]> {
  for (const name of Object.keys(value)) {
    let field: unknown;
    try {
      field = (value as Record<string, unknown>)[name];
    } catch {
      field = '[unreadable]';
    }
    yield [name, field];
  }
}
