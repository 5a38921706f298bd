// One way to sign letters: as the form holds it, what is wrong with it, and how it becomes an Identity (RFC 8621 §6).
import { s } from '../i18n/settings';
import type { Client } from '../jmap/client';
import { RecordError } from '../jmap/errors';
import type { EmailAddress, GetAnswer, Id, Identity, SetAnswer } from '../jmap/types';
import { fullOf, isAddress, parseAddresses } from '../mail/people';
import { FieldError } from './work';

export interface IdentityForm {
  name: string;
  email: string;
  replyTo: string;
  bcc: string;
  rich: boolean;
  text: string;
  html: string;
}

export const written = (list: readonly EmailAddress[] | null): string => (list ?? []).map(fullOf).join(', ');

export const formOf = (identity: Identity | null): IdentityForm => ({
  name: identity?.name ?? '',
  email: identity?.email ?? '',
  replyTo: written(identity?.replyTo ?? null),
  bcc: written(identity?.bcc ?? null),
  rich: (identity?.htmlSignature ?? '') !== '',
  text: identity?.textSignature ?? '',
  html: identity?.htmlSignature ?? '',
});

function addresses(field: 'replyTo' | 'bcc', text: string): EmailAddress[] | null {
  const list = parseAddresses(text);
  const wrong = list.find(a => !isAddress(a.email));
  if (wrong) throw new FieldError(field, s('wrongAddress', { address: wrong.email || (wrong.name ?? '') }));
  return list.length > 0 ? list : null;
}

type Written = Omit<Identity, 'id' | 'mayDelete'>;

/** Throws what is wrong with it. */
export function identityOf(form: IdentityForm): Written {
  const email = form.email.trim();
  if (!isAddress(email) && !/^\*@[^\s@]+$/.test(email))
    throw new FieldError('email', email === '' ? s('missing') : s('wrongAddress', { address: email }));
  const blank = (form.rich ? form.html.replace(/<[^>]*>|&nbsp;/g, '') : form.text).trim() === '';
  return {
    name: form.name.trim(),
    email,
    replyTo: addresses('replyTo', form.replyTo),
    bcc: addresses('bcc', form.bcc),
    textSignature: blank ? '' : form.text.replace(/\s+$/, ''),
    htmlSignature: form.rich && !blank ? form.html : '',
  };
}

/** Saves what differs, in one call, and gives back its id. */
export async function saveIdentity(client: Client, before: Identity | null, form: IdentityForm): Promise<Id> {
  const now = identityOf(form);
  const changed = Object.fromEntries(
    Object.entries(now).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before?.[key as keyof Written] ?? null)),
  );
  const answer = await client.call<SetAnswer<Identity>>(
    'Identity/set',
    before ? { update: { [before.id]: changed } } : { create: { i: now } },
  );
  const error = before ? answer.notUpdated?.[before.id] : answer.notCreated?.['i'];
  if (error) {
    if (error.type === 'forbiddenFrom') throw new FieldError('email', s('identity.forbidden', { address: now.email }));
    throw new RecordError(error);
  }
  return before?.id ?? answer.created?.['i']?.id ?? '';
}

export async function removeIdentity(client: Client, id: Id): Promise<void> {
  const answer = await client.call<SetAnswer<Identity>>('Identity/set', { destroy: [id] });
  const error = answer.notDestroyed?.[id];
  if (error) throw new RecordError(error);
}

export const readIdentities = async (client: Client): Promise<Identity[]> =>
  (await client.call<GetAnswer<Identity>>('Identity/get', { ids: null })).list;
