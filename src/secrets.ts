/**
 * Finds what must not be shown: passwords in URLs at any depth of encoding, values whose name looks secret, and values
 * that somebody named. Rather hides too much than too little.
 */

/** What is put in the place of a secret. */
export const hidden = '***';

export interface SecretOptions {
  /** Values to be hidden wherever they turn up, as they are and percent-encoded; shorter than 4 characters is ignored. */
  readonly secrets?: readonly string[];
  /** Names whose values are hidden, beside those that look secret by themselves; matched without regard to case. */
  readonly secretNames?: readonly string[];
}

export interface Secrets {
  /** True when a value of this name must not be shown. */
  readonly isSecretName: (name: string) => boolean;
  /** The text without the secrets in it. */
  readonly withoutSecrets: (text: string) => string;
}

/** Shorter values would tear ordinary words apart. */
const secretLengthMin = 4;

const secretWord =
  'password|passwd|passphrase|pwd|secret|token|credential|authorization|cookie|(?:api|access|private|signing|encryption)[-_.]?key';

/** A percent sign, encoded any number of times. */
const percent = '%(?:25)*';

/** Builds the filter for these options. */
export function secretsFor({ secrets = [], secretNames = [] }: SecretOptions): Secrets {
  const words = [secretWord, ...secretNames.filter((name) => name !== '').map(escaped)].join('|');
  const name = new RegExp(`${words}|^pass$|[-_.]pass$`, 'i');
  const patterns = patternsFor(words);
  const values = [...new Set(secrets.filter(({ length }) => length >= secretLengthMin).flatMap(disguises))];
  values.sort((a, b) => b.length - a.length);
  return {
    isSecretName: (text) => name.test(text),
    withoutSecrets: (text) => {
      let shown = text;
      for (const value of values) shown = shown.replaceAll(value, hidden);
      if (!mayHoldSecret.test(shown)) return shown;
      return withoutNamed(withoutTold(shown), patterns);
    },
  };
}

/** Most texts are names and numbers, in which nothing has to be looked for. */
const mayHoldSecret = /[:=@%]|eyJ|bearer/i;

interface Patterns {
  /** Where it finds nothing, none of the others does; it is much cheaper than they are. */
  readonly word: RegExp;
  readonly parameter: RegExp;
  readonly encodedParameter: RegExp;
  readonly field: RegExp;
  readonly encodedField: RegExp;
}

/** Hides what looks secret by where it stands. */
function withoutTold(text: string): string {
  return text
    .replace(userInfo, (_, scheme: string, user: string, at: string) => `${scheme}${shownUser(user)}${at}`)
    .replace(/\bbearer\s+[^\s"']+/gi, `Bearer ${hidden}`)
    .replace(/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g, hidden);
}

/** Hides what looks secret by its name. */
function withoutNamed(text: string, patterns: Patterns): string {
  if (!patterns.word.test(text)) return text;
  return text
    .replace(patterns.parameter, `$1$2${hidden}`)
    .replace(patterns.encodedParameter, `$1$2${hidden}`)
    .replace(patterns.field, `$1${hidden}`)
    .replace(patterns.encodedField, `$1${hidden}`);
}

/** `://user:password@` as it is or encoded; reaches to the last `@` before the path. */
const userInfo = new RegExp(
  `((?::|${percent}3A)(?:/|${percent}2F){2})` +
    `((?:(?![/?#\\s"'<>]|${percent}(?:2F|3F|23))[^])*)` +
    `(@|${percent}40)`,
  'gi',
);

/** The user stays, the password goes; something without a colon may be a token. */
function shownUser(user: string): string {
  const [, name, colon] = new RegExp(`^(.*?)(:|${percent}3A)`, 'is').exec(user) ?? [];
  return name === undefined || colon === undefined ? hidden : `${name}${colon}${hidden}`;
}

function patternsFor(words: string): Patterns {
  // Bounded, because a long run of letters would be tried from every one of them.
  const name = `[\\w.-]{0,100}(?:${words})[\\w.-]{0,100}`;
  const before = `(^|[?&;,\\s"'{(]|${percent}(?:3F|26|3B|2C|20|22|7B))`;
  return {
    word: new RegExp(words, 'i'),
    // password=… up to the next parameter
    parameter: new RegExp(`${before}(${name}=)[^&\\s"']*`, 'gi'),
    // password%3D… up to the next parameter of the same depth
    encodedParameter: new RegExp(
      `${before}(${name}(?<depth>${percent})3D)(?:(?!\\k<depth>26|[&\\s"'])[^])*`,
      'gi',
    ),
    // "password": "…", password: …
    field: new RegExp(
      `((?<![\\w.-])${name}\\\\*["']?\\s*:\\s*)(?:\\\\*"(?:\\\\[^]|[^"\\\\])*\\\\*"|(?:(?:basic|bearer)\\s+)?[^\\s,;}"']+)`,
      'gi',
    ),
    // %22password%22%3A%22…%22
    encodedField: new RegExp(
      `((?<![\\w.-])${name}(?:${percent}22)?${percent}3A(?:${percent}20)*)(?:${percent}22(?:(?!${percent}22)[^])*${percent}22|(?:(?!${percent}(?:2C|26|7D|20)|[&\\s"'])[^])+)`,
      'gi',
    ),
  };
}

/** The forms in which a value travels: encoded up to three times, a space also as Java writes it. */
function disguises(value: string): readonly string[] {
  const encoded = (text: string): readonly string[] => {
    const once = encodeURIComponent(text);
    return [once, once.replaceAll('%20', '+')];
  };
  const once = encoded(value);
  const twice = once.flatMap(encoded);
  return [value, JSON.stringify(value).slice(1, -1), ...once, ...twice, ...twice.flatMap(encoded)];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
