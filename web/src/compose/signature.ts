// Whose signature stands under a letter, and what else an identity adds to it (RFC 8621 §6). What was typed is never taken away: a signature that
// somebody changed in the letter stays as it is.
import type { EmailAddress, Identity } from '../jmap/types';
import { escapeHtml } from '../reader/body';

export const signatureHtml = (identity: Identity | null): string =>
  identity?.htmlSignature || (identity?.textSignature ? escapeHtml(identity.textSignature).replace(/\n/g, '<br>') : '');

const block = (signature: string): string => `-- \n${signature}`;

/** A plain letter with the signature of another identity. */
export function changeText(text: string, before: string, after: string): string {
  if (before === after) return text;
  if (before !== '') {
    const lines = `\n${text}\n`,
      old = `\n${block(before)}\n`;
    const at = lines.indexOf(old);
    if (at < 0) return text;
    const rest = lines.slice(at + old.length);
    const head = lines.slice(1, at + 1);
    const joined = after === '' ? head + rest.replace(/^\n/, '') : `${head}${block(after)}\n${rest}`;
    return joined.replace(/\n$/, '');
  }
  const at = quoteAt(text);
  return at < 0 ? `${text.replace(/\n*$/, '')}\n\n${block(after)}` : `${text.slice(0, at)}${block(after)}\n\n${text.slice(at)}`;
}

// Where what is quoted begins, with the line above that says whose words it is.
function quoteAt(text: string): number {
  const first = /^(?:.+\n)?>|^---------- /m.exec(text);
  return first ? first.index : -1;
}

/** The blind copies an identity wants, in place of those the one before wanted. */
export function changeBcc(bcc: readonly EmailAddress[], before: Identity | null, after: Identity | null): EmailAddress[] {
  const is = (list: readonly EmailAddress[] | null | undefined, one: EmailAddress): boolean =>
    (list ?? []).some(other => other.email.toLowerCase() === one.email.toLowerCase());
  const kept = bcc.filter(one => !is(before?.bcc, one) || is(after?.bcc, one));
  return [...kept, ...(after?.bcc ?? []).filter(one => !is(kept, one))];
}
