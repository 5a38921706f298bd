// A message's body: fetched, kept for a while, and fetched ahead for its neighbours.
import type { Client } from '../jmap/client';
import type { BodyPart, FullEmail, GetAnswer, Id } from '../jmap/types';
import { rowProperties } from '../mail/store';

const firstOctets = 256 << 10;
const properties = [
  ...rowProperties,
  'blobId',
  'messageId',
  'inReplyTo',
  'references',
  'sentAt',
  'sender',
  'replyTo',
  'cc',
  'bcc',
  'htmlBody',
  'textBody',
  'attachments',
  'bodyValues',
  'header:Delivered-To:asText:all',
];
export const bodyProperties = ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid'];

export class Bodies {
  private readonly kept = new Map<Id, Promise<FullEmail | null>>();

  constructor(private readonly client: Client) {}

  get(id: Id): Promise<FullEmail | null> {
    const there = this.kept.get(id);
    if (there) return there;
    const coming = this.fetch(id, firstOctets);
    this.kept.set(id, coming);
    coming.catch(() => this.kept.delete(id));
    if (this.kept.size > 60) this.kept.delete(this.kept.keys().next().value!);
    return coming;
  }

  /** All of it, however long. */
  whole(id: Id): Promise<FullEmail | null> {
    const coming = this.fetch(id, 0);
    this.kept.set(id, coming);
    return coming;
  }

  forget(id: Id): void {
    this.kept.delete(id);
  }

  private async fetch(id: Id, most: number): Promise<FullEmail | null> {
    const answer = await this.client.call<GetAnswer<FullEmail>>('Email/get', {
      ids: [id],
      properties,
      bodyProperties,
      fetchHTMLBodyValues: true,
      fetchTextBodyValues: true,
      maxBodyValueBytes: most,
    });
    return answer.list[0] ?? null;
  }
}

export interface Content {
  html?: string;
  text?: string;
  cut: boolean;
}

/** What is to be shown: HTML when the message has it (RFC 8621 §4.1.4), its parts one after another. */
export function contentOf(email: FullEmail): Content {
  const isHtml = email.htmlBody.some(part => part.type === 'text/html');
  const parts = isHtml ? email.htmlBody : email.textBody;
  const cut = parts.some(part => part.partId !== null && email.bodyValues[part.partId]?.isTruncated === true);
  const values = parts.map(part => (isHtml ? htmlOf(part, email) : textOf(part, email))).filter(v => v !== '');
  return isHtml ? { html: values.join('<hr>'), cut } : { text: values.join('\n\n'), cut };
}

const textOf = (part: BodyPart, email: FullEmail): string => (part.partId === null ? '' : (email.bodyValues[part.partId]?.value ?? ''));

function htmlOf(part: BodyPart, email: FullEmail): string {
  if (part.type === 'text/html') return textOf(part, email);
  if (part.type.startsWith('text/')) return `<pre>${escapeHtml(textOf(part, email))}</pre>`;
  return part.cid && part.type.startsWith('image/') ? `<img src="cid:${encodeURIComponent(part.cid)}">` : '';
}

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]!);

/** The text of a message, whatever it is made of; for quoting into plain text. */
export const plainTextOf = (email: FullEmail): string => email.textBody.map(part => textOf(part, email)).join('\n\n');

const picture = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

/** The part that an image of the message means; only pictures that can do nothing. */
export function pictureOf(email: FullEmail, cid: string): BodyPart | null {
  const all = [...email.attachments, ...email.htmlBody];
  return all.find(part => part.cid === cid && part.blobId !== null && picture.test(part.type) && part.size <= 20 << 20) ?? null;
}

/** What is offered as attachments: not the pictures that stand in the text. */
export function attachmentsOf(email: FullEmail, used: ReadonlySet<string>): BodyPart[] {
  return email.attachments.filter(part => part.blobId !== null && !(part.cid && used.has(part.cid) && part.disposition !== 'attachment'));
}
