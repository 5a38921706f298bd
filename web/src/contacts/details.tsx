import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from '../app/icons';
import { go } from '../app/route';
import { language } from '../i18n';
import { c } from '../i18n/contacts';
import { shownName, sorted } from './acts';
import type { Book } from './book';
import { byPref, isGroup, type Address, type Card, type PartialDate, type Reached } from './card';
import type { Page } from './index';

// Shown below or in the form; what is none of them is counted.
const shownNames = new Set([
  'id',
  'uid',
  'addressBookIds',
  '@type',
  'version',
  'kind',
  'created',
  'updated',
  'prodId',
  'name',
  'nicknames',
  'organizations',
  'titles',
  'emails',
  'phones',
  'addresses',
  'anniversaries',
  'notes',
  'links',
  'keywords',
  'members',
  'media',
  'vCardProps',
]);

export function Details({ page, card, book }: { page: Page; card: Card; book: Book }) {
  const groups = sorted(
    [...book.cards.value.values()].filter(one => isGroup(one) && one.members?.[card.uid] === true),
    language.value,
  );
  const kept = Object.keys(card).filter(name => !shownNames.has(name)).length + (card.vCardProps?.length ?? 0);
  const write = (email: string) => {
    void import('../compose').then(part =>
      part.compose(page.view, { to: [{ name: shownName(card) === email ? null : shownName(card), email }] }),
    );
  };
  return (
    <dl class="contact-details">
      {byPref(card.emails).map(([key, one]) => (
        <Line key={`e${key}`} icon="all" name={named(c('email'), one)}>
          <button type="button" class="text-button" title={c('writeTo', { name: one.address })} onClick={() => write(one.address)}>
            <span class="breaks">{one.address}</span>
          </button>
        </Line>
      ))}
      {byPref(card.phones).map(([key, one]) => (
        <Line key={`p${key}`} icon="phone" name={named(one.features?.['mobile'] ? c('mobile') : c('phone'), one)}>
          <a href={`tel:${one.number.replace(/[^\d+*#]/g, '')}`} dir="ltr">
            {one.number}
          </a>
        </Line>
      ))}
      {byPref(card.addresses).map(([key, one]) => (
        <Line key={`a${key}`} icon="place" name={named(c('address'), one)}>
          <span class="lines" dir="auto">
            {addressText(one)}
          </span>
        </Line>
      ))}
      {byPref(card.nicknames).map(([key, one]) => (
        <Line key={`n${key}`} icon="person" name={c('nickname')}>
          <span dir="auto">{one.name}</span>
        </Line>
      ))}
      {Object.entries(card.anniversaries ?? {})
        .filter(([, one]) => one.kind === 'birth')
        .map(([key, one]) => (
          <Line key={`b${key}`} icon="clock" name={c('birthday')}>
            {dateText(one.date)}
          </Line>
        ))}
      {byPref(card.links).map(([key, one]) => (
        <Line key={`l${key}`} icon="link" name={c('website')}>
          {/^https?:\/\//i.test(one.uri) ? (
            <a class="breaks" href={one.uri} target="_blank" rel="noopener noreferrer">
              {one.uri}
            </a>
          ) : (
            <span class="breaks">{one.uri}</span>
          )}
        </Line>
      ))}
      {byPref(card.notes).map(([key, one]) => (
        <Line key={`t${key}`} icon="file" name={c('note')}>
          <span class="lines" dir="auto">
            {one.note}
          </span>
        </Line>
      ))}
      {Object.keys(card.keywords ?? {}).length > 0 && (
        <Line icon="important" name={c('keywords')}>
          {Object.keys(card.keywords!).join(', ')}
        </Line>
      )}
      {groups.length > 0 && (
        <Line icon="people" name={c('inGroups')}>
          {groups.map((group, i) => (
            <span key={group.id}>
              {i > 0 && ', '}
              <a
                href={`#/contacts/${encodeURIComponent(group.id)}`}
                onClick={event => (event.preventDefault(), go({ contacts: group.id }))}
              >
                {shownName(group)}
              </a>
            </span>
          ))}
        </Line>
      )}
      {kept > 0 && <p class="quiet contact-kept">{c('kept', { n: kept })}</p>}
    </dl>
  );
}

function Line({ icon, name, children }: { icon: IconName; name: string; children: ComponentChildren }) {
  return (
    <div class="contact-line">
      <dt>
        <Icon name={icon} size={18} />
        <span class="unseen">{name}</span>
      </dt>
      <dd>
        {children}
        <small class="quiet" aria-hidden="true">
          {name}
        </small>
      </dd>
    </div>
  );
}

const named = (what: string, one: Reached): string => {
  const kind = one.label ?? (one.contexts?.['work'] ? c('work') : one.contexts?.['private'] ? c('private') : '');
  return kind ? `${what} · ${kind}` : what;
};

export function addressText(one: Address): string {
  if (!one.components) return one.full ?? '';
  const of = (kind: string) =>
    one
      .components!.filter(x => x.kind === kind)
      .map(x => x.value)
      .join(' ');
  const later = ['postcode', 'locality', 'region', 'country', 'separator'];
  const street = one.components
    .filter(x => !later.includes(x.kind))
    .map(x => x.value)
    .join(' ');
  return [street, [of('postcode'), of('locality')].filter(Boolean).join(' '), of('region'), of('country')].filter(Boolean).join('\n');
}

export function dateText({ year, month, day, utc }: PartialDate): string {
  const locale = document.documentElement.lang || undefined;
  const format = (options: Intl.DateTimeFormatOptions, y: number, m: number, d: number) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(new Date(Date.UTC(y, m - 1, d)));
  if (utc) return format({ dateStyle: 'long' }, ...(utc.slice(0, 10).split('-').map(Number) as [number, number, number]));
  if (month === undefined) return String(year ?? '');
  const parts: Intl.DateTimeFormatOptions = { month: 'long', ...(day ? { day: 'numeric' } : {}), ...(year ? { year: 'numeric' } : {}) };
  return format(parts, year ?? 2000, month, day ?? 1);
}
