// Writing mail; loaded when somebody first writes.
import '../styles/compose.css';
import { signal } from '@preact/signals';
import { t } from '../i18n';
import { mediumDate } from '../i18n/dates';
import { composeLayer } from '../app/compose-slot';
import type { View } from '../app/mailbox-view';
import { preferences } from '../app/preferences';
import type { BodyPart, EmailAddress, FullEmail, Id, Identity } from '../jmap/types';
import { fullOf, nameOf, parseAddresses } from '../mail/people';
import { notify } from '../mail/undo';
import { Bodies, contentOf, escapeHtml, plainTextOf } from '../reader/body';
import type { Reading } from '../reader/reader';
import { answeringIdentity, quoteText, recipientsOf, referencesOf, subjectOf, type Kind } from './answering';
import { Composer, type Open } from './composer';
import { Composition } from './composition';
import { emptyDraft, type Attached, type Draft } from './draft';
import { askIdentities, identities } from './identities';
import { holding, LocalCopies } from './local';
import { bookOf, contactsCapability } from '../contacts/book';
import { askPeople, suggestFrom } from './people';
import { changeBcc, signatureHtml } from './signature';

const open = signal<readonly Open[]>([]);
const mostOpen = 3;

const copiesOf = (view: View): LocalCopies => new LocalCopies(view.client.accountFor('Email/set'));

composeLayer.value = () => (
  <div class="composers">
    {open.value.map(one => (
      <Composer
        key={one.composition.key}
        open={one}
        onClose={() => remove(one)}
        onReopen={trouble => reopen(one.composition, trouble)}
        reopenDraft={reopenDraft}
      />
    ))}
  </div>
);

addEventListener('pagehide', () => {
  for (const one of open.peek()) one.composition.keep();
});
addEventListener('online', () => {
  for (const one of open.peek()) one.composition.isOnline();
});
addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') for (const one of open.peek()) one.composition.keep();
});

const remove = (one: Open): void => {
  open.value = open.peek().filter(o => o.composition.key !== one.composition.key);
};

interface Before {
  /** Somebody's work, not a form just begun. */
  isWork?: boolean;
  key?: string;
  serverId?: Id | null;
  /** The copy here is newer than the draft there. */
  isNewer?: boolean;
  trouble?: string | null;
}

async function show(view: View, draft: Draft, focus: 'to' | 'text', before: Before = {}): Promise<void> {
  if (open.peek().length >= mostOpen) {
    notify({ text: t('compose.tooMany') });
    return;
  }
  await askIdentities(view.client);
  if (view.client.has(contactsCapability)) suggestFrom(bookOf(view));
  void askPeople(view.client, view.store.byRole('sent')?.id);
  const composition = new Composition(view, copiesOf(view), draft, !before.isWork, before.key, before.serverId ?? null);
  if (before.isNewer) composition.touched();
  open.value = [...open.peek(), { composition, focus, trouble: before.trouble ?? null }];
}

function reopen(before: Composition, trouble: string | null): void {
  before.end();
  void show(before.view, before.draft.peek(), 'text', { isWork: true, key: before.key, serverId: before.serverId, trouble });
}

function reopenDraft(before: Composition, draft: Draft): void {
  void show(before.view, draft, 'text', { isWork: true, isNewer: true, key: before.key, serverId: before.serverId });
}

function signed(identity: Identity | null, rich: boolean): Pick<Draft, 'html' | 'text'> {
  const html = signatureHtml(identity);
  return {
    html: html ? `<div><br></div><div><br></div><div class="signature">${html}</div>` : '<div><br></div>',
    text: identity?.textSignature && !rich ? `\n\n-- \n${identity.textSignature}` : '',
  };
}

export async function compose(view: View, with_: Partial<Draft> = {}): Promise<void> {
  await askIdentities(view.client);
  const identity = identities.peek().find(i => i.id === preferences.identity.peek()) ?? identities.peek()[0] ?? null;
  const rich = preferences.richText.peek();
  await show(
    view,
    { ...emptyDraft(rich), identity: identity?.id ?? null, bcc: changeBcc([], null, identity), ...signed(identity, rich), ...with_ },
    with_.to?.length ? 'text' : 'to',
  );
}

/** RFC 6068. */
export async function mailto(view: View, href: string): Promise<void> {
  const url = new URL(href);
  const get = (name: string): EmailAddress[] =>
    parseAddresses(
      [...url.searchParams]
        .filter(([key]) => key.toLowerCase() === name)
        .map(([, value]) => value)
        .join(','),
    );
  const body = url.searchParams.get('body');
  await compose(view, {
    to: [...parseAddresses(decodeURIComponent(url.pathname)), ...get('to')],
    cc: get('cc'),
    subject: url.searchParams.get('subject') ?? '',
    ...(body ? { text: body, html: escapeHtml(body).replace(/\r?\n/g, '<br>') } : {}),
  });
}

/** Answers or sends on. The quoted HTML has been through the frame's sanitiser before the editor sees it. */
export async function answer(view: View, reading: Reading, id: Id, kind: Kind): Promise<void> {
  const [email] = await Promise.all([reading.bodies.whole(id), askIdentities(view.client)]);
  if (!email) return;
  const found = answeringIdentity(email, identities.peek());
  const identity = found?.identity ?? identities.peek()[0] ?? null;
  const rich = preferences.richText.peek();
  const sign = signed(identity, rich);
  const draft: Draft = {
    ...emptyDraft(rich),
    identity: identity?.id ?? null,
    ...recipientsOf(kind, email, identities.peek()),
    bcc: changeBcc([], null, identity),
    subject: subjectOf(kind, email.subject),
    ...(kind === 'forward' ? { inReplyTo: null, references: null } : referencesOf(email)),
    source: { id, keyword: kind === 'forward' ? '$forwarded' : '$answered' },
    html: rich ? sign.html + (await quotedHtml(email, kind, reading)) : '',
    text: rich ? '' : `${sign.text}\n\n${quotedText(email, kind)}`,
    attachments: attachmentsFor(email, kind, rich),
  };
  await show(view, draft, kind === 'forward' ? 'to' : 'text');
}

function attachmentsFor(email: FullEmail, kind: Kind, rich: boolean): Attached[] {
  const all = [...email.attachments, ...email.htmlBody.filter(p => p.cid && p.blobId && p.type.startsWith('image/'))];
  const unique = [...new Map(all.filter(p => p.blobId).map(p => [`${p.blobId} ${p.cid ?? ''}`, p])).values()];
  return unique
    .filter(p => (isInline(p) ? rich || kind === 'forward' : kind === 'forward'))
    .map(p => ({
      blobId: p.blobId!,
      name: p.name ?? t('reader.unnamed'),
      type: p.type,
      size: p.size,
      cid: isInline(p) && rich ? p.cid : null,
    }));
}

const isInline = (part: BodyPart): boolean => part.cid !== null && part.type.startsWith('image/') && part.disposition !== 'attachment';

const introOf = (email: FullEmail): string => {
  const from = email.from?.[0];
  return t('compose.wrote', { date: mediumDate(email.sentAt ?? email.receivedAt), name: from ? fullOf(from) : '?' });
};

function forwardLines(email: FullEmail): [string, string][] {
  const list = (addresses: EmailAddress[] | null) => (addresses ?? []).map(fullOf).join(', ');
  return (
    [
      [t('field.from'), list(email.from)],
      [t('field.date'), mediumDate(email.sentAt ?? email.receivedAt)],
      [t('field.subject'), email.subject ?? ''],
      [t('field.to'), list(email.to)],
      [t('field.cc'), list(email.cc)],
    ] as [string, string][]
  ).filter(([, value]) => value !== '');
}

async function quotedHtml(email: FullEmail, kind: Kind, reading: Reading): Promise<string> {
  const content = contentOf(email);
  const clean =
    content.html !== undefined ? await reading.frames.quote(content.html) : escapeHtml(content.text ?? '').replace(/\r?\n/g, '<br>');
  if (kind === 'forward') {
    const head = forwardLines(email)
      .map(([name, value]) => `<b>${escapeHtml(name)}:</b> ${escapeHtml(value)}`)
      .join('<br>');
    return `<div><br></div><div>---------- ${escapeHtml(t('compose.forwarded'))} ----------<br>${head}</div><div><br></div><div>${clean}</div>`;
  }
  return `<div><br></div><div>${escapeHtml(introOf(email))}</div><blockquote type="cite">${clean}</blockquote>`;
}

function quotedText(email: FullEmail, kind: Kind): string {
  const text = plainTextOf(email);
  if (kind === 'forward')
    return `---------- ${t('compose.forwarded')} ----------\n${forwardLines(email)
      .map(([n, v]) => `${n}: ${v}`)
      .join('\n')}\n\n${text}`;
  return `${introOf(email)}\n${quoteText(text)}`;
}

/** Goes on with a draft of the server, or with the newer copy of it that was kept here. */
export async function openDraft(view: View, id: Id): Promise<void> {
  if (open.peek().some(o => o.composition.serverId === id)) return;
  const copy = copiesOf(view)
    .all()
    .find(c => c.serverId === id);
  if (copy) {
    if (await isHeld(copy.key)) {
      notify({ text: t('compose.otherTab') });
      return;
    }
    await show(view, copy.draft, 'text', { isWork: true, isNewer: true, key: copy.key, serverId: id });
    return;
  }
  const bodies = new Bodies(view.client);
  const email = await bodies.whole(id);
  if (!email) {
    notify({ kind: 'trouble', text: t('reader.gone') });
    return;
  }
  await askIdentities(view.client);
  await show(view, await draftOf(email, view), 'text', { isWork: true, serverId: id });
}

const isHeld = async (key: string): Promise<boolean> => !(await holding(key, async () => {}));

// A draft may have been written by any program, or by a stranger with access to a shared mailbox: its HTML is as hostile as mail.
async function draftOf(email: FullEmail, view: View): Promise<Draft> {
  const content = contentOf(email);
  const rich = content.html !== undefined;
  const from = email.from?.[0]?.email.toLowerCase();
  const frames = view.reading.peek();
  const html = rich && frames ? await frames.frames.quote(content.html!) : '';
  const pictures = email.htmlBody.filter(p => p.cid && p.blobId);
  return {
    ...emptyDraft(rich && html !== ''),
    identity: identities.peek().find(i => i.email.toLowerCase() === from)?.id ?? null,
    to: email.to ?? [],
    cc: email.cc ?? [],
    bcc: email.bcc ?? [],
    subject: email.subject ?? '',
    html,
    text: plainTextOf(email).replace(/\r\n/g, '\n'),
    attachments: [...email.attachments, ...pictures]
      .filter(p => p.blobId)
      .map(p => ({ blobId: p.blobId!, name: p.name ?? t('reader.unnamed'), type: p.type, size: p.size, cid: isInline(p) ? p.cid : null })),
    inReplyTo: email.inReplyTo,
    references: email.references,
  };
}

/** What an earlier page left unfinished: offered, not forced. */
export async function recover(view: View): Promise<void> {
  const copies = copiesOf(view);
  for (const copy of copies.all()) {
    if (await isHeld(copy.key)) continue;
    const what = copy.draft.subject || copy.draft.to.map(nameOf).join(', ') || t('noSubject');
    notify({
      text: t('compose.recovered', { what }),
      stays: 0,
      kind: 'trouble',
      action: {
        label: t('compose.open'),
        run: () => {
          void show(view, copy.draft, 'text', { isWork: true, isNewer: true, key: copy.key, serverId: copy.serverId });
        },
      },
    });
    return;
  }
}
