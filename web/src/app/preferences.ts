// What this browser remembers of a person's habits. Never mail, never a secret.
import { signal, type Signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

function kept<T>(name: string, initial: T): Signal<T> {
  const key = `aviso.${name}`;
  let start = initial;
  try {
    const text = localStorage.getItem(key);
    if (text !== null) start = JSON.parse(text) as T;
  } catch {
    /* what cannot be read is as never set */
  }
  const value = signal(start);
  let first = true;
  value.subscribe(now => {
    if (first) {
      first = false;
      return;
    }
    try {
      localStorage.setItem(key, JSON.stringify(now));
    } catch {
      /* private windows keep nothing */
    }
  });
  return value;
}

export const preferences = {
  theme: kept<Theme>('theme', 'system'),
  language: kept<string | null>('language', null),
  conversations: kept('conversations', true),
  shortcuts: kept('shortcuts', true),
  richText: kept('rich', true),
  undoSeconds: kept('undoSeconds', 10),
  closedFolders: kept<string[]>('closedFolders', []),
  identity: kept<string | null>('identity', null),
  /** Word of new mail while this page is not looked at. */
  notifications: kept('notifications', false),
};

const darkSystem = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: dark)');
export const isDark = signal(false);

function look(): void {
  const theme = preferences.theme.value;
  isDark.value = theme === 'dark' || (theme === 'system' && darkSystem?.matches === true);
  document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
}

export function followTheme(): void {
  darkSystem?.addEventListener('change', look);
  preferences.theme.subscribe(look);
}
