import { useSignal } from '@preact/signals';
import { language, languages, t, type Language } from '../i18n';
import { s } from '../i18n/settings';
import { setLanguage } from '../app/account';
import { preferences, type Theme } from '../app/preferences';
import { Alert, Card, Choice, Switch } from './form';
import { turnOn, type Permission } from './notify';

/** Habits that this browser keeps. */
export function Reading() {
  const themes: [Theme, string][] = [
    ['system', t('theme.system')],
    ['light', t('theme.light')],
    ['dark', t('theme.dark')],
  ];
  const seconds = [0, 5, 10, 20, 30].map(n => [n, n === 0 ? s('undo.none') : s('undo.seconds', { n })] as const);
  return (
    <>
      <Card title={s('reading.look')} note={s('reading.kept')}>
        <div class="form">
          <Choice
            label={t('language')}
            value={language.value}
            options={Object.entries(languages) as [Language, string][]}
            onChange={next => {
              void setLanguage(next);
            }}
          />
          <Choice
            label={s('reading.theme')}
            value={preferences.theme.value}
            options={themes}
            onChange={theme => {
              preferences.theme.value = theme;
            }}
          />
        </div>
      </Card>
      <Card title={s('reading.reading')}>
        <Switch
          label={t('menu.conversations')}
          note={s('reading.conversationsNote')}
          on={preferences.conversations.value}
          onChange={on => {
            preferences.conversations.value = on;
          }}
        />
        <Switch
          label={t('keys.on')}
          note={s('reading.keysNote')}
          on={preferences.shortcuts.value}
          onChange={on => {
            preferences.shortcuts.value = on;
          }}
        />
        <p class="quiet">{s('reading.remote')}</p>
      </Card>
      <Card title={s('reading.writing')}>
        <Switch
          label={s('reading.rich')}
          note={s('reading.richNote')}
          on={preferences.richText.value}
          onChange={on => {
            preferences.richText.value = on;
          }}
        />
        <div class="form">
          <Choice
            label={s('undo.label')}
            note={s('undo.note')}
            value={preferences.undoSeconds.value}
            options={seconds}
            onChange={n => {
              preferences.undoSeconds.value = n;
            }}
          />
        </div>
      </Card>
      <Notifications />
    </>
  );
}

function Notifications() {
  const said = useSignal<Permission | null>(null);
  const change = async (on: boolean) => {
    said.value = on ? await turnOn() : null;
    preferences.notifications.value = on && said.value === 'granted';
  };
  return (
    <Card title={s('notify.title')}>
      <Switch
        key={said.value}
        label={s('notify.on')}
        note={s('notify.note')}
        on={preferences.notifications.value}
        onChange={on => {
          void change(on);
        }}
      />
      {said.value && said.value !== 'granted' && <Alert>{s(`notify.${said.value}`)}</Alert>}
    </Card>
  );
}
