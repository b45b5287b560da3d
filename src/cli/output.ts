/** The result in the form asked for: a table for a terminal, tabs for a pipe, JSON for a program. */
import { shown, shownJson } from './shown.js';
import type { Style, Terminal } from './terminal.js';

export const formats = ['text', 'table', 'json', 'ndjson'] as const;
export type Format = (typeof formats)[number];

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly isNumber?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

export class Output {
  readonly #terminal: Terminal;
  readonly format: Format;

  constructor(terminal: Terminal, format: Format | undefined) {
    this.#terminal = terminal;
    this.format = format ?? (terminal.isTTY ? 'table' : 'text');
  }

  /** True when the result is for a program. */
  get isData(): boolean {
    return this.format === 'json' || this.format === 'ndjson';
  }

  /** A list that is complete; `Row` is also what the JSON holds. */
  list<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    switch (this.format) {
      case 'json':
        this.#terminal.print(shownJson(rows, 2));
        return;
      case 'ndjson':
        for (const row of rows) this.#terminal.print(shownJson(row));
        return;
      case 'text':
        for (const row of rows) this.#terminal.print(columns.map(({ text }) => shown(text(row))).join('\t'));
        return;
      case 'table':
        this.#table(rows, columns);
    }
  }

  /** One thing: an object for programs, lines for people. */
  single(value: object, lines: readonly string[]): void {
    if (this.isData) this.#terminal.print(shownJson(value, this.format === 'json' ? 2 : 0));
    else for (const line of lines) this.#terminal.print(line);
  }

  /** One of a sequence that may never end: an object a line, or a line for people. */
  event(value: object, line: string): void {
    this.#terminal.print(this.isData ? shownJson(value) : line);
  }

  #table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    if (rows.length === 0) return;
    const cells = rows.map((row) => columns.map(({ text }) => shown(text(row))));
    const widths = columns.map(({ title }, at) =>
      Math.max(title.length, ...cells.map((texts) => texts[at]?.length ?? 0)),
    );
    const padded = (text: string, at: number): string => {
      const width = widths[at] ?? 0;
      if (columns[at]?.isNumber === true) return text.padStart(width);
      return at === columns.length - 1 ? text : text.padEnd(width);
    };
    const paint = (style: Style | undefined, text: string): string =>
      style === undefined ? text : this.#terminal.paint(style, text);
    this.#terminal.print(columns.map(({ title }, at) => paint('bold', padded(title, at))).join('  '));
    rows.forEach((row, index) => {
      const line = columns.map(({ style }, at) => paint(style?.(row), padded(cells[index]?.[at] ?? '', at)));
      this.#terminal.print(line.join('  '));
    });
  }
}
