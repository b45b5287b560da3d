/**
 * Reads the parameters of a URL by key and type, with Dubbo 2.7.1's rules: an absent or empty value falls back to
 * `default.` + key, and then to the caller's default. The base of ServiceUrl, which adds the parts and the changes.
 */
import { RegistryError } from './errors.js';
import { equalsIgnoringCase, parseJavaDouble, parseJavaInt, parseJavaLong, splitList } from './java-text.js';
import { percentDecode } from './percent-coding.js';
import { quoted } from './quoted.js';
import { isBlank } from './url-parts.js';
import type { UrlParameterMap } from './url-query.js';

const defaultPrefix = 'default.';

/** Typed, read-only access to parameters. A value of the wrong form is an INVALID_URL; an absent one never is. */
export abstract class UrlParameters {
  /** The parameters as they stand in the URL, without any fallback. */
  protected abstract get parameterMap(): UrlParameterMap;

  /** One of them; cheaper than the map where that was not needed yet. */
  protected abstract rawParameter(key: string): string | undefined;

  /** The value, or that of `default.` + key where it is absent or empty, or the fallback where that is so too. */
  getParameter(key: string): string | undefined;
  getParameter(key: string, fallback: string): string;
  getParameter(key: string, fallback?: string): string | undefined;
  getParameter(key: string, fallback?: string): string | undefined {
    const value = this.rawParameter(key);
    if (!isBlank(value)) return value;
    const inherited = this.rawParameter(defaultPrefix + key);
    // Dubbo gives back an empty inherited value only where the caller names no default of his own.
    return fallback === undefined || !isBlank(inherited) ? inherited : fallback;
  }

  /** True when {@link getParameter} finds a value that is not empty. */
  hasParameter(key: string): boolean {
    return !isBlank(this.getParameter(key));
  }

  /** The value percent-decoded; '' where there is none. */
  getParameterAndDecoded(key: string, fallback = ''): string {
    return percentDecode(this.getParameter(key, fallback));
  }

  /** True for `true` in any case, false for every other value. */
  getBooleanParameter(key: string, fallback: boolean): boolean {
    return this.#read(key, fallback, (text) => equalsIgnoringCase(text, 'TRUE'), 'a boolean');
  }

  /** A 32-bit integer. */
  getIntParameter(key: string, fallback: number): number {
    return this.#read(key, fallback, parseJavaInt, 'a 32-bit integer');
  }

  /** A 64-bit integer; exact, hence a bigint. */
  getLongParameter(key: string, fallback: bigint): bigint {
    return this.#read(key, fallback, parseJavaLong, 'a 64-bit integer');
  }

  /** A 16-bit integer. */
  getShortParameter(key: string, fallback: number): number {
    return this.#read(key, fallback, (text) => withinBits(parseJavaInt(text), 16), 'a 16-bit integer');
  }

  /** An 8-bit integer, signed. */
  getByteParameter(key: string, fallback: number): number {
    return this.#read(key, fallback, (text) => withinBits(parseJavaInt(text), 8), 'an 8-bit integer');
  }

  /** A floating-point number in decimal form, `NaN` or `Infinity`. */
  getDoubleParameter(key: string, fallback: number): number {
    return this.#read(key, fallback, parseJavaDouble, 'a number');
  }

  /** A floating-point number of single precision. */
  getFloatParameter(key: string, fallback: number): number {
    return Math.fround(this.getDoubleParameter(key, fallback));
  }

  /** The first UTF-16 unit of the value. */
  getCharParameter(key: string, fallback: string): string {
    return this.#read(key, fallback, (text) => text.charAt(0), 'a character');
  }

  /** The value split at commas, white space around them dropped. */
  getListParameter(key: string, fallback: readonly string[]): readonly string[] {
    return this.#read<readonly string[]>(key, fallback, (text) => splitList(text), 'a list');
  }

  /** A 32-bit integer above 0; every other integer counts as absent. The fallback must be above 0 as well. */
  getPositiveIntParameter(key: string, fallback: number): number {
    this.#requirePositive(key, fallback > 0);
    const value = this.getIntParameter(key, fallback);
    return value > 0 ? value : fallback;
  }

  /** As {@link getPositiveIntParameter}, in 64 bits. */
  getPositiveLongParameter(key: string, fallback: bigint): bigint {
    this.#requirePositive(key, fallback > 0n);
    const value = this.getLongParameter(key, fallback);
    return value > 0n ? value : fallback;
  }

  /** As {@link getPositiveIntParameter}, for floating-point numbers. */
  getPositiveDoubleParameter(key: string, fallback: number): number {
    this.#requirePositive(key, fallback > 0);
    const value = this.getDoubleParameter(key, fallback);
    return value <= 0 ? fallback : value;
  }

  /** The parameter `method.key` if it is not empty, else {@link getParameter} of the key. */
  getMethodParameter(method: string, key: string): string | undefined;
  getMethodParameter(method: string, key: string, fallback: string): string;
  getMethodParameter(method: string, key: string, fallback?: string): string | undefined {
    return this.getParameter(this.#methodKey(method, key), fallback);
  }

  /** {@link getMethodParameter} as a 32-bit integer. */
  getMethodIntParameter(method: string, key: string, fallback: number): number {
    return this.getIntParameter(this.#methodKey(method, key), fallback);
  }

  /** {@link getMethodParameter} as a boolean. */
  getMethodBooleanParameter(method: string, key: string, fallback: boolean): boolean {
    return this.getBooleanParameter(this.#methodKey(method, key), fallback);
  }

  /** Without a method: whether any method has the key; without a key: whether the method has any parameter. */
  hasMethodParameter(method: string | undefined, key?: string): boolean {
    const keys = [...this.parameterMap.keys()];
    if (method === undefined) return keys.some((full) => full.endsWith(`.${key}`));
    if (key === undefined) return keys.some((full) => full.startsWith(`${method}.`));
    return !isBlank(this.getMethodParameter(method, key));
  }

  #methodKey(method: string, key: string): string {
    const full = `${method}.${key}`;
    return isBlank(this.rawParameter(full)) ? key : full;
  }

  #read<T>(key: string, fallback: T, parse: (text: string) => T | undefined, form: string): T {
    const text = this.getParameter(key);
    if (isBlank(text)) return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    const reason = `${quoted(text)} is not ${form}`;
    throw new RegistryError(
      'INVALID_URL',
      `cannot read parameter '${key}': ${reason}; correct it where the url is made`,
      { text, reason, option: key },
    );
  }

  #requirePositive(key: string, isPositive: boolean): void {
    if (isPositive) return;
    const reason = 'the default value is not above 0';
    throw new RegistryError('INVALID_URL', `cannot read parameter '${key}': ${reason}; pass a positive one`, {
      reason,
      option: key,
    });
  }
}

function withinBits(value: number | undefined, bits: number): number | undefined {
  const limit = 2 ** (bits - 1);
  return value !== undefined && value >= -limit && value < limit ? value : undefined;
}
