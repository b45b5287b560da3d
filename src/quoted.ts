/** How a foreign text is shown in a message: quoted, without control characters, short, and without a password. */

const shownLengthMax = 160;

/** The text between double quotes, clipped, with the password of its user info replaced by `***`. */
export function quoted(text: string): string {
  const shown = withoutPassword(text);
  return JSON.stringify(shown.length > shownLengthMax ? `${shown.slice(0, shownLengthMax)}…` : shown);
}

/** Replaces the password in `protocol://user:password@host`. */
export function withoutPassword(text: string): string {
  const protocolEnd = text.indexOf('://');
  const start = protocolEnd < 0 ? 0 : protocolEnd + 3;
  const pathAt = text.slice(start).search(/[/?]/);
  const authorityEnd = pathAt < 0 ? text.length : start + pathAt;
  const at = text.slice(0, authorityEnd).lastIndexOf('@');
  const colon = text.indexOf(':', start);
  if (at < start || colon < 0 || colon > at) return text;
  return `${text.slice(0, colon + 1)}***${text.slice(at)}`;
}
