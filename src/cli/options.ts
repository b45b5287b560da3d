/** The options a command line may carry: what they are, how they are read, and what is wrong with those that are not. */
import { parseArgs } from 'node:util';
import { durationMs } from './duration.js';
import { closest, UsageError } from './usage-error.js';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** The name of the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** The closed set of values, if it is one. */
  readonly choices?: readonly string[];
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given, by the long names. */
export class Options {
  readonly #texts: ReadonlyMap<string, readonly string[]>;
  readonly #flags: ReadonlySet<string>;

  constructor(texts: ReadonlyMap<string, readonly string[]>, flags: ReadonlySet<string>) {
    this.#texts = texts;
    this.#flags = flags;
  }

  flag(name: string): boolean {
    return this.#flags.has(name);
  }

  /** The last one given counts. */
  text(name: string): string | undefined {
    return this.#texts.get(name)?.at(-1);
  }

  texts(name: string): readonly string[] {
    return this.#texts.get(name) ?? [];
  }

  /** A duration in milliseconds. */
  ms(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : durationMs(text, `--${name}`);
  }

  /** A whole number of at least 0. */
  count(name: string, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const count = Number(text);
    if (/^[0-9]+$/.test(text) && count <= max) return count;
    throw new UsageError(`--${name} takes a number from 0 to ${max}, not ${JSON.stringify(text)}`);
  }
}

export interface Parsed {
  readonly options: Options;
  readonly operands: readonly string[];
  /** What stands behind `--`; undefined without one. */
  readonly behindDashes: readonly string[] | undefined;
}

/** Reads a command line. Whatever it does not know is a UsageError. */
export function parseOptions(args: readonly string[], specs: OptionSpecs): Parsed {
  const tokens = tokensOf(args, specs);
  const texts = new Map<string, string[]>();
  const flags = new Set<string>();
  const operands: string[] = [];
  const dashes = tokens.find(({ kind }) => kind === 'option-terminator')?.index;
  for (const token of tokens) {
    if (token.kind === 'positional' && (dashes === undefined || token.index < dashes))
      operands.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (spec === undefined) throw unknownOption(token.rawName, specs);
    if (spec.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      flags.add(token.name);
      continue;
    }
    texts.set(token.name, [...(texts.get(token.name) ?? []), requireValue(token, spec)]);
  }
  const behindDashes = dashes === undefined ? undefined : args.slice(dashes + 1);
  return { options: new Options(texts, flags), operands, behindDashes };
}

/** The first operand, whatever options stand before it. */
export function firstOperand(args: readonly string[], specs: OptionSpecs): string | undefined {
  const tokens = tokensOf(args, specs);
  const dashes = tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? args.length;
  const first = tokens.find(({ kind, index }) => kind === 'positional' && index < dashes);
  return first?.kind === 'positional' ? first.value : undefined;
}

/** A part of the command line, as node:util tells it. */
type Token =
  | { readonly kind: 'positional'; readonly index: number; readonly value: string }
  | { readonly kind: 'option-terminator'; readonly index: number }
  | OptionToken;

interface OptionToken {
  readonly kind: 'option';
  readonly index: number;
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function tokensOf(args: readonly string[], specs: OptionSpecs): readonly Token[] {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function requireValue(
  { rawName, value, inlineValue }: OptionToken,
  { value: name = 'value', choices }: OptionSpec,
): string {
  if (value === undefined || (inlineValue !== true && value.startsWith('-') && value !== '-')) {
    throw new UsageError(`${rawName} needs a value: ${rawName} <${name}>`);
  }
  if (choices === undefined || choices.includes(value)) return value;
  const near = closest(value, choices);
  throw new UsageError(
    `${rawName} is one of ${choices.join(', ')}, not ${JSON.stringify(value)}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

function unknownOption(rawName: string, specs: OptionSpecs): UsageError {
  const known = Object.entries(specs).flatMap(([name, { short }]) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
  );
  const near = rawName.startsWith('--') ? closest(rawName, known) : undefined;
  return new UsageError(
    `there is no option ${rawName}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}
