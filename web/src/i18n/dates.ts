import { language } from './index';

const formats = new Map<string, Intl.DateTimeFormat>();

function write(date: Date, options: Intl.DateTimeFormatOptions): string {
  const key = language.value + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language.value, options)));
  return format.format(date);
}

/** As short as it can be told apart: the time today, the weekday this week, the day this year. */
export function shortDate(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  const days = (new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000;
  if (days === 0) return write(date, { hour: '2-digit', minute: '2-digit' });
  if (days > 0 && days < 6) return write(date, { weekday: 'short' });
  if (date.getFullYear() === now.getFullYear()) return write(date, { day: 'numeric', month: 'short' });
  return write(date, { day: 'numeric', month: 'short', year: 'numeric' });
}

export const longDate = (iso: string): string => write(new Date(iso), { dateStyle: 'full', timeStyle: 'short' });

export const mediumDate = (iso: string): string => write(new Date(iso), { dateStyle: 'medium', timeStyle: 'short' });

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function bytes(octets: number): string {
  let at = 0;
  for (; octets >= 1000 && at < units.length - 1; at++) octets /= 1024;
  return new Intl.NumberFormat(language.value, {
    style: 'unit',
    unit: units[at],
    unitDisplay: at === 0 ? 'long' : 'short',
    maximumFractionDigits: octets < 10 && at > 0 ? 1 : 0,
  }).format(octets);
}
