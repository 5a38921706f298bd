// Whom an answer goes to, from which address, under which subject, quoting what.
import type { EmailAddress, FullEmail, Identity } from '../jmap/types';

export type Kind = 'reply' | 'replyAll' | 'forward';

// Re of many lands: English, German, Nordic, French, Dutch, Polish, Bulgarian, Russian, Turkish, Chinese.
const re = /^\s*(?:(?:re|aw|antw|antwort|sv|vs|rép|odp|отг|отн|на|ynt|回复|答复)(?:\[\d+\]|\(\d+\))?\s*[:：]\s*)+/iu;
const fwd = /^\s*(?:(?:fwd?|wg|wtr|weitergeleitet|vb|tr|doorst|pd|препр|ilt|转发)(?:\[\d+\])?\s*[:：]\s*)+/iu;

export function subjectOf(kind: Kind, subject: string | null): string {
  const bare = (subject ?? '').trim();
  return kind === 'forward' ? `Fwd: ${bare.replace(fwd, '')}` : `Re: ${bare.replace(re, '')}`;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** An address of ours: an identity, one of its tags (me+shop@), or of a whole domain that is ours (RFC 8621 §6: *@example.com). */
export function ownIdentity(email: string, identities: readonly Identity[]): Identity | null {
  const exact = identities.find(i => same(i.email, email));
  if (exact) return exact;
  const [local = '', domain = ''] = split(email);
  return (
    identities.find(i => {
      const [own = '', at = ''] = split(i.email);
      return same(at, domain) && (own === '*' || same(own, local.split('+')[0]!));
    }) ?? null
  );
}

function split(email: string): [string, string] {
  const at = email.lastIndexOf('@');
  return [email.slice(0, at), email.slice(at + 1)];
}

/** The identity that the message came to, and the very address. */
export function answeringIdentity(email: FullEmail, identities: readonly Identity[]): { identity: Identity; address: string } | null {
  const mine = email.from?.map(a => a.email) ?? [];
  const cameTo = [...(email.to ?? []), ...(email.cc ?? []), ...(email.bcc ?? [])].map(a => a.email);
  const delivered = (email['header:Delivered-To:asText:all'] ?? []).map(line => line.trim().replace(/^<|>$/g, ''));
  for (const address of [...cameTo, ...delivered, ...mine]) {
    const identity = ownIdentity(address, identities);
    if (identity) return { identity, address: identity.email.startsWith('*@') ? address : identity.email };
  }
  return null;
}

export interface Recipients {
  to: EmailAddress[];
  cc: EmailAddress[];
}

export function recipientsOf(kind: Kind, email: FullEmail, identities: readonly Identity[]): Recipients {
  if (kind === 'forward') return { to: [], cc: [] };
  const own = (a: EmailAddress) => ownIdentity(a.email, identities) !== null;
  const byMe = (email.from ?? []).length > 0 && email.from!.every(own);
  // An answer to what I wrote goes on to those I wrote to.
  const first = byMe ? (email.to ?? []) : email.replyTo?.length ? email.replyTo : (email.from ?? []);
  if (kind === 'reply') return { to: unique(first, []), cc: [] };
  const to = unique([...first, ...(byMe ? [] : (email.to ?? []).filter(a => !own(a)))], []);
  return {
    to,
    cc: unique(
      (email.cc ?? []).filter(a => !own(a)),
      to,
    ),
  };
}

function unique(list: readonly EmailAddress[], except: readonly EmailAddress[]): EmailAddress[] {
  const seen = new Set(except.map(a => a.email.toLowerCase()));
  return list.filter(a => !seen.has(a.email.toLowerCase()) && seen.add(a.email.toLowerCase()));
}

/** RFC 5322 §3.6.4: the parent's references and the parent itself. */
export function referencesOf(email: FullEmail): { inReplyTo: string[] | null; references: string[] | null } {
  const id = email.messageId?.slice(0, 1) ?? null;
  if (!id) return { inReplyTo: null, references: null };
  const before = email.references ?? (email.inReplyTo?.length === 1 ? email.inReplyTo : []);
  // The first and the last of very long threads say enough.
  const kept = before.length > 50 ? [before[0]!, ...before.slice(-49)] : before;
  return { inReplyTo: id, references: [...kept.filter(one => one !== id[0]), id[0]!] };
}

/** Lines with the mark of a quote; the signature of the other is not repeated. */
export function quoteText(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n').replace(/\s+$/, '').split('\n');
  const signature = lines.indexOf('-- ');
  return (signature > 0 ? lines.slice(0, signature) : lines)
    .join('\n')
    .trimEnd()
    .split('\n')
    .map(line => (line.startsWith('>') ? `>${line}` : line === '' ? '>' : `> ${line}`))
    .join('\n');
}
