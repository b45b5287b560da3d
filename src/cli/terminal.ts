/**
 * Where the command speaks: results to stdout, everything else to stderr. Colour only where a person looks and
 * `NO_COLOR` is not set.
 */
import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { Host } from './host.js';

export type Style = Parameters<typeof styleText>[0];

/** Something that takes longer than this is said to be under way. */
const patienceMs = 1_000;

export class Terminal {
  readonly #host: Host;
  readonly #isQuiet: boolean;
  readonly #hasColour: boolean;
  #isOutputGone = false;
  #progressLine = '';

  /** `gone` is called once when nobody reads stdout any more. */
  constructor(
    host: Host,
    {
      isQuiet,
      hasColour,
      gone,
    }: { readonly isQuiet: boolean; readonly hasColour: boolean; readonly gone: () => void },
  ) {
    this.#host = host;
    this.#isQuiet = isQuiet;
    this.#hasColour = hasColour && !isSet(host.env['NO_COLOR']);
    host.stdout.on('error', () => {
      this.#isOutputGone = true;
      gone();
    });
    host.stderr.on('error', () => {});
  }

  /** True when stdout is a terminal. */
  get isTTY(): boolean {
    return this.#host.stdout.isTTY === true;
  }

  /** True when somebody is there to answer a question. */
  get canAsk(): boolean {
    return this.#host.stdin.isTTY === true && this.#host.stderr.isTTY === true;
  }

  /** One line of the result. */
  print(line: string): void {
    this.write(`${line}\n`);
  }

  /** A piece of the result. */
  write(text: string): void {
    this.#clearProgress();
    if (!this.#isOutputGone) this.#host.stdout.write(text);
  }

  /** One line for the person, unless it asked for quiet. */
  note(line: string): void {
    if (!this.#isQuiet) this.complain(line);
  }

  /** One line for a person who sits there, unless it asked for quiet. */
  hint(line: string): void {
    if (this.#host.stderr.isTTY === true) this.note(this.#painted('dim', line, true));
  }

  /** One line for the person, always. */
  complain(line: string): void {
    this.#clearProgress();
    this.#host.stderr.write(`${line}\n`);
  }

  /** Coloured for stdout. */
  paint(style: Style, text: string): string {
    return this.#painted(style, text, this.isTTY);
  }

  /** Coloured for stderr. */
  paintNote(style: Style, text: string): string {
    return this.#painted(style, text, this.#host.stderr.isTTY === true);
  }

  /** Says on a terminal that something is under way, as soon as it takes more than a second. */
  async during<Result>(doing: string, work: Promise<Result>): Promise<Result> {
    if (this.#host.stderr.isTTY !== true || this.#isQuiet) return work;
    const begun = performance.now();
    const timer = setInterval(() => {
      const seconds = Math.floor((performance.now() - begun) / 1_000);
      this.#clearProgress();
      this.#progressLine = `${doing} … ${seconds} s`;
      this.#host.stderr.write(this.#painted('dim', this.#progressLine, true));
    }, patienceMs);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      this.#clearProgress();
    }
  }

  /** True for an answer that begins with y. Only where {@link canAsk}. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#ask(`${question} [y/N] `, this.#host.stderr, signal);
    return /^\s*y/i.test(answer);
  }

  /** An answer that is not shown while it is typed. Only where {@link canAsk}. */
  async askSecret(question: string, signal: AbortSignal): Promise<string> {
    let isMuted = false;
    const { stderr } = this.#host;
    const output = Object.create(stderr) as Writable;
    output.write = ((text: string) => isMuted || stderr.write(text)) as Writable['write'];
    const answered = this.#ask(question, output, signal);
    isMuted = true;
    const answer = await answered;
    stderr.write('\n');
    return answer;
  }

  /** Resolves when all was written, or nobody reads it any more. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#isOutputGone) resolve();
      else this.#host.stdout.write('', () => resolve());
    });
  }

  async #ask(question: string, output: Writable, signal: AbortSignal): Promise<string> {
    this.#clearProgress();
    const lines = createInterface({ input: this.#host.stdin, output, terminal: true });
    try {
      return await lines.question(question, { signal });
    } finally {
      lines.close();
    }
  }

  #painted(style: Style, text: string, isTTY: boolean): string {
    // It is us who decide, so that a test can look at colours.
    return isTTY && this.#hasColour ? styleText(style, text, { validateStream: false }) : text;
  }

  #clearProgress(): void {
    if (this.#progressLine === '') return;
    this.#progressLine = '';
    this.#host.stderr.write('\r\x1b[K');
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
