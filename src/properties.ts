/**
 * Java properties text, read and written as `java.util.Properties` does. Configuration files are read with it, cache
 * files both read and written; neither file is opened here.
 */
import { RegistryError } from './errors.js';

/** A line after continuations are joined, and where it begins in the text. */
interface LogicalLine {
  readonly content: string;
  readonly position: number;
}

/** Reads properties text; the last of equal keys wins. A malformed `\u` escape is an INVALID_OPTION. */
export function readProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const { content } = line;
    const keyEnd = endOfKey(content);
    let valueStart = skipBlanks(content, keyEnd);
    if (content[valueStart] === '=' || content[valueStart] === ':') {
      valueStart = skipBlanks(content, valueStart + 1);
    }
    const key = unescaped(content.slice(0, keyEnd), text, line);
    properties.set(key, unescaped(content.slice(valueStart), text, line));
  }
  return properties;
}

function* logicalLines(text: string): Generator<LogicalLine> {
  let at = 0;
  let content = '';
  let position = 0;
  while (at < text.length) {
    at = skipBlanks(text, at);
    // Nothing before it but empty continuations: still the begin of a line, which may be a comment.
    if (content === '') position = at;
    const isComment = content === '' && (text[at] === '#' || text[at] === '!');
    const end = endOfLine(text, at);
    const isContinued = !isComment && endsInOpenEscape(text, at, end);
    if (!isComment) content += text.slice(at, isContinued ? end - 1 : end);
    at = afterLineEnd(text, end);
    if (isContinued && end < text.length - 1) continue;
    // A backslash in the last line, with or without a line end behind it, makes a line even where that is empty.
    if (content !== '' || isContinued) yield { content, position };
    content = '';
  }
  if (content !== '') yield { content, position };
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

function afterLineEnd(text: string, end: number): number {
  return text.startsWith('\r\n', end) ? end + 2 : end + 1;
}

/** True when an odd number of backslashes stands before `end`. */
function endsInOpenEscape(text: string, start: number, end: number): boolean {
  let first = end;
  while (first > start && text[first - 1] === '\\') first--;
  return (end - first) % 2 === 1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\f') at++;
  return at;
}

/** The key ends at the first separator or blank that no backslash escapes. */
function endOfKey(content: string): number {
  let at = 0;
  while (at < content.length && !'=: \t\f'.includes(content.charAt(at))) at += content[at] === '\\' ? 2 : 1;
  return Math.min(at, content.length);
}

const controls: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(escaped: string, text: string, line: LogicalLine): string {
  let plain = '';
  let start = 0;
  for (let at = escaped.indexOf('\\'); at >= 0; at = escaped.indexOf('\\', start)) {
    const letter = escaped.charAt(at + 1);
    const hex = letter === 'u' ? escaped.slice(at + 2, at + 6) : undefined;
    if (hex !== undefined && !/^[0-9a-fA-F]{4}$/.test(hex)) throw malformedEscape(text, line);
    const unit =
      hex === undefined ? (controls[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16));
    plain += escaped.slice(start, at) + unit;
    start = at + (hex === undefined ? 2 : 6);
  }
  return start === 0 ? escaped : plain + escaped.slice(start);
}

function malformedEscape(text: string, line: LogicalLine): RegistryError {
  const reason = 'an escape \\u lacks its four hexadecimal digits';
  const number = text.slice(0, line.position).split(/\r\n|[\r\n]/).length;
  return new RegistryError(
    'INVALID_OPTION',
    `cannot read properties: ${reason}, in line ${number}; write \\\\u for a literal backslash`,
    { text, position: line.position, reason },
  );
}

/**
 * Writes comment lines and entries, in the order given, so that Java and {@link readProperties} read them back. The
 * text is ASCII, except that comments keep Latin-1.
 */
export function writeProperties(
  entries: Iterable<readonly [string, string]>,
  comments: readonly string[] = [],
): string {
  const lines = comments.flatMap((comment) =>
    comment.split(/\r\n|[\r\n]/).map((line) => `#${line.replace(/[^\0-\xff]/g, unicodeEscape)}`),
  );
  for (const [key, value] of entries) {
    lines.push(
      `${key.replace(/[ \\:=#!]|[^ -~]/g, escapeUnit)}=${value.replace(/^ |[\\:=#!]|[^ -~]/g, escapeUnit)}`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

function escapeUnit(unit: string): string {
  const letter = Object.keys(controls).find((name) => controls[name] === unit);
  if (letter !== undefined) return `\\${letter}`;
  return unit >= ' ' && unit <= '~' ? `\\${unit}` : unicodeEscape(unit);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
