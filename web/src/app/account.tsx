import { language, languages, speak, t, wanted, type Language } from '../i18n';
import { signOut } from '../jmap/session';
import { Dialog, closeOverlay, openMenu, overlay } from './dialog';
import { Icon } from './icons';
import { preferences, type Theme } from './preferences';
import { go } from './route';
import { shortcutHelp } from './shortcuts-help';
import { Avatar } from './avatar';

export async function setLanguage(next: Language): Promise<void> {
  await speak(next);
  preferences.language.value = next;
}

export const startLanguage = (): Promise<void> => speak(wanted(preferences.language.peek(), navigator.languages));

export function LanguageChoice() {
  return (
    <label class="language">
      <span class="unseen">{t('language')}</span>
      <select
        value={language.value}
        onChange={e => {
          void setLanguage(e.currentTarget.value as Language);
        }}
      >
        {Object.entries(languages).map(([key, name]) => (
          <option key={key} value={key} lang={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Who is signed in, and the few habits that are chosen here. */
export function AccountMenu({ user, onOut }: { user: string; onOut: () => void }) {
  const themes: [Theme, string][] = [
    ['system', t('theme.system')],
    ['light', t('theme.light')],
    ['dark', t('theme.dark')],
  ];
  const open = (event: MouseEvent) =>
    openMenu(event, user, [
      ...themes.map(([theme, label]) => ({
        label,
        checked: preferences.theme.value === theme,
        run: () => {
          preferences.theme.value = theme;
        },
      })),
      null,
      { label: t('menu.settings'), icon: 'settings', hint: 'g ,', run: () => go({ settings: '' }) },
      {
        label: t('menu.conversations'),
        checked: preferences.conversations.value,
        toggles: true,
        run: () => {
          preferences.conversations.value = !preferences.conversations.value;
        },
      },
      {
        label: t('menu.language'),
        icon: 'all',
        run: () => {
          overlay.value = () => <LanguageDialog />;
        },
      },
      { label: t('menu.shortcuts'), icon: 'keyboard', hint: '?', run: shortcutHelp },
      null,
      {
        label: t('menu.signOut'),
        icon: 'out',
        run: () => {
          void signOut().then(onOut);
        },
      },
    ]);
  return (
    <button type="button" class="account" aria-label={t('menu.account', { user })} title={user} aria-haspopup="menu" onClick={open}>
      <Avatar name={null} email={user} />
    </button>
  );
}

function LanguageDialog() {
  return (
    <Dialog title={t('menu.language')} onClose={closeOverlay}>
      <div class="choices" role="radiogroup" aria-label={t('menu.language')}>
        {(Object.entries(languages) as [Language, string][]).map(([key, name]) => (
          <label key={key} class="choice" lang={key}>
            <input
              type="radio"
              name="language"
              checked={language.value === key}
              onChange={() => {
                void setLanguage(key);
              }}
            />
            <span>{name}</span>
            {language.value === key && <Icon name="check" size={18} />}
          </label>
        ))}
      </div>
    </Dialog>
  );
}
