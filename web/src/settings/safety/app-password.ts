// What an app password is made for: the form, and how it becomes a wish (docs/logins.md).
import { s } from '../../i18n/settings';
import { FieldError } from '../work';

export const protocols = ['imap', 'submission', 'managesieve', 'jmap', 'webmail'] as const;
export type Protocol = (typeof protocols)[number];
export type Access = 'all' | 'readOnly' | 'searchOnly';

export interface AppPasswordForm {
  name: string;
  protocols: readonly Protocol[];
  access: Access;
  /** A day, or '': it holds until it is revoked. */
  expires: string;
  mailboxes: string;
  sendAs: string;
  networks: string;
}

export const emptyForm: AppPasswordForm = {
  name: '',
  protocols: ['imap', 'submission'],
  access: 'all',
  expires: '',
  mailboxes: '',
  sendAs: '',
  networks: '',
};

const list = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map(one => one.trim())
    .filter(Boolean);

/** Which protocols go with the limits: a password that may change nothing is of no use for sending. */
export const allowed = (form: AppPasswordForm, protocol: Protocol): boolean =>
  form.access !== 'all'
    ? protocol === 'imap' || protocol === 'jmap'
    : list(form.mailboxes).length + list(form.sendAs).length === 0 || (protocol !== 'managesieve' && protocol !== 'webmail');

/** `names`: those in use. Throws what is wrong. */
export function wishOf(form: AppPasswordForm, now: Date = new Date(), names: readonly string[] = []): Record<string, unknown> {
  const name = form.name.trim();
  if (name === '') throw new FieldError('name', s('missing'));
  if (names.includes(name)) throw new FieldError('name', s('app.taken'));
  const chosen = form.protocols.filter(p => allowed(form, p));
  if (chosen.length === 0) throw new FieldError('protocols', s('app.noProtocol'));
  if (form.expires !== '' && !(new Date(`${form.expires}T00:00:00Z`) > now)) throw new FieldError('expires', s('app.past'));
  const sendAs = form.access === 'all' ? list(form.sendAs) : [];
  const noSender = sendAs.find(one => !/^[^\s@]*@[^\s@]+$/.test(one));
  if (noSender) throw new FieldError('sendAs', s('wrongAddress', { address: noSender }));
  const noNetwork = list(form.networks).find(one => !/^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:.]*:[\da-f:.]*)(?:\/\d{1,3})?$/i.test(one));
  if (noNetwork) throw new FieldError('networks', s('app.noNetwork', { network: noNetwork }));
  return {
    name,
    protocols: chosen,
    ...(form.access === 'all' ? {} : { [form.access]: true }),
    ...(form.expires ? { expires: form.expires } : {}),
    ...(list(form.mailboxes).length > 0 ? { mailboxes: list(form.mailboxes) } : {}),
    ...(sendAs.length > 0 ? { sendAs } : {}),
    ...(list(form.networks).length > 0 ? { networks: list(form.networks) } : {}),
  };
}
