// What is being written, and how it becomes an email (RFC 8621 §4.6).
import type { EmailAddress, Id } from '../jmap/types';

export interface Attached {
  blobId: Id;
  name: string;
  type: string;
  size: number;
  /** Set for a picture that stands in the text. */
  cid: string | null;
}

export interface Draft {
  identity: Id | null;
  to: EmailAddress[];
  cc: EmailAddress[];
  bcc: EmailAddress[];
  subject: string;
  rich: boolean;
  /** Pictures in it are named cid:…. */
  html: string;
  text: string;
  attachments: Attached[];
  inReplyTo: string[] | null;
  references: string[] | null;
  /** The message that this one answers or sends on. */
  source: { id: Id; keyword: '$answered' | '$forwarded' } | null;
}

export const emptyDraft = (rich: boolean): Draft => ({
  identity: null,
  to: [],
  cc: [],
  bcc: [],
  subject: '',
  rich,
  html: '',
  text: '',
  attachments: [],
  inReplyTo: null,
  references: null,
  source: null,
});

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Nothing that anybody would miss: nothing was added to what the window began with, be it empty or an answer. */
export const isBlank = (draft: Draft, untouched: Draft): boolean =>
  same([draft.to, draft.cc, draft.bcc, draft.subject, draft.attachments], [
    untouched.to,
    untouched.cc,
    untouched.bcc,
    untouched.subject,
    untouched.attachments,
  ]) && (draft.rich ? draft.html === untouched.html : draft.text === untouched.text);

interface Part {
  partId?: string;
  blobId?: Id;
  type: string;
  name?: string;
  disposition?: string;
  cid?: string;
}

/** The Email to create. Only pictures that still stand in the text go with it as such. */
export function emailOf(
  draft: Draft,
  from: EmailAddress,
  drafts: Id,
  textOfHtml: string,
  replyTo: EmailAddress[] | null = null,
): Record<string, unknown> {
  const used = draft.attachments.filter(a => a.cid === null || (draft.rich && draft.html.includes(`cid:${a.cid}`)));
  const parts: Part[] = used.map(a =>
    a.cid === null
      ? { blobId: a.blobId, type: a.type, name: a.name, disposition: 'attachment' }
      : { blobId: a.blobId, type: a.type, name: a.name, disposition: 'inline', cid: a.cid },
  );
  const bodyValues: Record<string, { value: string }> = { text: { value: draft.rich ? textOfHtml : draft.text } };
  if (draft.rich)
    bodyValues['html'] = { value: `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${draft.html}</body></html>` };
  return {
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true, $seen: true },
    from: [from],
    ...(replyTo?.length ? { replyTo } : {}),
    ...(draft.to.length > 0 ? { to: draft.to } : {}),
    ...(draft.cc.length > 0 ? { cc: draft.cc } : {}),
    ...(draft.bcc.length > 0 ? { bcc: draft.bcc } : {}),
    subject: oneLine(draft.subject),
    ...(draft.inReplyTo ? { inReplyTo: draft.inReplyTo } : {}),
    ...(draft.references ? { references: draft.references } : {}),
    bodyValues,
    textBody: [{ partId: 'text', type: 'text/plain' }],
    ...(draft.rich ? { htmlBody: [{ partId: 'html', type: 'text/html' }] } : {}),
    ...(parts.length > 0 ? { attachments: parts } : {}),
  };
}

export const oneLine = (text: string): string => text.replace(/[\r\n\u2028\u2029\u0000]+/g, ' ').trim();
