// The form of the vacation reply. Days are whole days of the person: the last one belongs to it.
import { s } from '../i18n/settings';
import type { Vacation } from '../list/away';
import { FieldError } from './work';

export interface VacationForm {
  on: boolean;
  from: string;
  to: string;
  subject: string;
  text: string;
}

const two = (n: number): string => String(n).padStart(2, '0');
const dayOf = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** The day, here, on which this moment is. */
const dayAt = (iso: string | null, shift = 0): string => (iso === null ? '' : dayOf(new Date(Date.parse(iso) + shift)));

/** The moment when a day begins here, some days later. RFC 8620 §1.4: no fraction of a second that is zero. */
function begins(day: string, later = 0): string | null {
  if (day === '') return null;
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  return new Date(year, month - 1, date + later).toISOString().replace('.000', '');
}

export const formOf = (one: Vacation): VacationForm => ({
  on: one.isEnabled,
  from: dayAt(one.fromDate),
  // It ends with the midnight after the last day.
  to: dayAt(one.toDate, -1),
  subject: one.subject ?? '',
  text: one.textBody ?? '',
});

/** What differs; throws what is wrong. */
export function patchOf(before: Vacation, form: VacationForm): Partial<Vacation> {
  if (form.from && form.to && form.to < form.from) throw new FieldError('to', s('away.order'));
  if (form.on && form.text.trim() === '') throw new FieldError('text', s('away.empty'));
  const was = formOf(before);
  return {
    ...(form.on === before.isEnabled ? {} : { isEnabled: form.on }),
    ...(form.from === was.from ? {} : { fromDate: begins(form.from) }),
    ...(form.to === was.to ? {} : { toDate: begins(form.to, 1) }),
    ...(form.subject === was.subject ? {} : { subject: form.subject.trim() || null }),
    // A formatted text of another program would say what was said before.
    ...(form.text === was.text ? {} : { textBody: form.text || null, htmlBody: null }),
  };
}
