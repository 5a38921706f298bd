// The lines of vCard files, 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350): unfolding, parameters, encodings, character sets.

export interface Property {
  group: string;
  /** In capitals. */
  name: string;
  /** Names in capitals. */
  params: Record<string, string[]>;
  /** Its text, the transfer encoding undone; what is escaped with \ still is. */
  value: string;
  /** Of the file, from 1. */
  line: number;
}

export interface Lines {
  /** Each the properties between BEGIN and END. */
  cards: Property[][];
  /** Numbers of lines that were no property, or were too long. */
  lost: number[];
}

const mostLine = 1_400_000;

/** @param charset Of a file that is not UTF-8 where it does not say so. */
export function readLines(octets: Uint8Array, charset: string): Lines {
  const { text, raw } = textOf(octets);
  const decode = (value: string, said: string | undefined): string =>
    raw
      ? decoded(
          Uint8Array.from(value, c => c.charCodeAt(0)),
          said ?? charset,
        )
      : value;
  const out: Lines = { cards: [], lost: [] };
  let card: Property[] | null = null,
    depth = 0;
  for (const [line, number] of logical(text)) {
    if (line.length > mostLine) {
      out.lost.push(number);
      continue;
    }
    const begins = /^\s*BEGIN\s*:\s*VCARD\s*$/i.test(line),
      ends = /^\s*END\s*:\s*VCARD\s*$/i.test(line);
    if (begins) {
      // Within another: an AGENT of 2.1, which nobody writes any more.
      if (card) depth++;
      else card = [];
    } else if (ends && depth > 0) depth--;
    else if (ends) {
      if (card) out.cards.push(card);
      card = null;
    } else if (card && depth === 0) {
      const one = property(line, number, decode);
      if (one) card.push(one);
      else out.lost.push(number);
    } else if (!card && line.trim() !== '') out.lost.push(number);
  }
  // The end was lost: what is there counts.
  if (card && card.length > 0) out.cards.push(card);
  return out;
}

function textOf(octets: Uint8Array): { text: string; raw: boolean } {
  const [a, b] = octets;
  if (a === 0xff && b === 0xfe) return { text: new TextDecoder('utf-16le').decode(octets), raw: false };
  if (a === 0xfe && b === 0xff) return { text: new TextDecoder('utf-16be').decode(octets), raw: false };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(octets), raw: false };
  } catch {
    // Each octet a character, until the property says what it is.
    let text = '';
    for (let at = 0; at < octets.length; at += 8192) text += String.fromCharCode(...octets.subarray(at, at + 8192));
    return { text, raw: true };
  }
}

function decoded(octets: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset).decode(octets);
  } catch {
    return new TextDecoder().decode(octets);
  }
}

// Folded lines begin with a space or a tab (RFC 6350 §3.2); those of quoted-printable end with "=".
function* logical(text: string): Generator<[string, number]> {
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length;) {
    const number = i + 1;
    const parts = [lines[i++]!];
    const isQuoted = /^[^:]*;(?:ENCODING=)?QUOTED-PRINTABLE[;:]/i.test(parts[0]!);
    if (isQuoted) {
      while (parts.at(-1)!.endsWith('=') && i < lines.length) {
        parts.push(parts.pop()!.slice(0, -1));
        parts.push(lines[i++]!);
      }
    }
    while (i < lines.length && /^[ \t]/.test(lines[i]!)) parts.push(lines[i++]!.slice(1));
    const line = parts.join('');
    if (line !== '') yield [line, number];
  }
}

type Decode = (value: string, charset: string | undefined) => string;

function property(line: string, number: number, decode: Decode): Property | null {
  const colon = outside(line, ':');
  if (colon < 0) return null;
  const [head = '', ...rest] = split(line.slice(0, colon), ';');
  const named = /^(?:([\w-]+)\.)?([\w-]+)\s*$/.exec(head.trim());
  if (!named) return null;
  const params: Record<string, string[]> = {};
  for (const one of rest) {
    const equals = one.indexOf('=');
    // 2.1 leaves the names out.
    const name = equals > 0 ? one.slice(0, equals).trim().toUpperCase() : isEncoding(one) ? 'ENCODING' : 'TYPE';
    const values = split(equals > 0 ? one.slice(equals + 1) : one, ',').map(v => unquoted(decode(v.trim(), undefined)));
    (params[name] ??= []).push(...values);
  }
  const encoding = params['ENCODING']?.[0]?.toUpperCase();
  const charset = params['CHARSET']?.[0];
  const value = line.slice(colon + 1);
  const text = encoding === 'QUOTED-PRINTABLE' ? decoded(quotedPrintable(value), charset ?? 'utf-8') : decode(value, charset);
  return { group: named[1] ?? '', name: named[2]!.toUpperCase(), params, value: text, line: number };
}

const isEncoding = (text: string): boolean => /^(?:QUOTED-PRINTABLE|BASE64|8BIT|7BIT|B)$/i.test(text.trim());

function quotedPrintable(text: string): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === '=' ? /^[0-9a-f]{2}/i.exec(text.slice(i + 1, i + 3)) : null;
    if (hex) {
      out.push(parseInt(hex[0], 16));
      i += 2;
    } else {
      const code = text.codePointAt(i)!;
      if (code < 0x80) out.push(code);
      else {
        out.push(...new TextEncoder().encode(String.fromCodePoint(code)));
        if (code > 0xffff) i++;
      }
    }
  }
  return Uint8Array.from(out);
}

// RFC 6350 §3.3: within quotes neither of : ; , means anything.
function outside(text: string, what: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === what) return i;
  }
  return -1;
}

function split(text: string, by: string): string[] {
  const out: string[] = [];
  for (let at; (at = outside(text, by)) >= 0; text = text.slice(at + 1)) out.push(text.slice(0, at));
  return [...out, text];
}

// RFC 6868
const unquoted = (text: string): string =>
  text.replace(/^"(.*)"$/s, '$1').replace(/\^([n^'])/g, (_, c: string) => (c === 'n' ? '\n' : c === "'" ? '"' : '^'));

/** RFC 6350 §3.4 */
export const unescaped = (text: string): string => text.replace(/\\(.)/gs, (_, c: string) => (/n/i.test(c) ? '\n' : c));

export const escaped = (text: string): string => text.replace(/[\\;,]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n');

/** The parts of a structured value, each with its escapes undone. */
export function parts(value: string, by: ';' | ','): string[] {
  const out = [''];
  for (let i = 0; i < value.length; i++) {
    const c = value[i]!;
    if (c === '\\') out[out.length - 1] += c + (value[++i] ?? '');
    else if (c === by) out.push('');
    else out[out.length - 1] += c;
  }
  return out.map(part => unescaped(part).trim());
}

/** One property as lines of at most 75 octets (RFC 2426 §2.6). */
export function written(group: string, name: string, params: readonly [string, string][], value: string): string {
  const quoted = (text: string) => {
    const safe = text.replace(/[\^"\n]/g, c => (c === '^' ? '^^' : c === '"' ? "^'" : '^n'));
    return /[:;,]/.test(safe) ? `"${safe}"` : safe;
  };
  const head = `${group ? `${group}.` : ''}${name}${params.map(([key, text]) => `;${key}=${quoted(text)}`).join('')}:`;
  let out = '',
    octets = 0;
  for (const c of head + value) {
    const size = c.codePointAt(0)! < 0x80 ? 1 : new TextEncoder().encode(c).length;
    if (octets + size > 75) {
      out += '\r\n ';
      octets = 1;
    }
    out += c;
    octets += size;
  }
  return `${out}\r\n`;
}
