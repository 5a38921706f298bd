import { useSignal } from '@preact/signals';
import { t } from '../i18n';
import { signIn, signInByPasskey, type Doors, type SignIn as Answer } from '../jmap/session';
import { LanguageChoice } from './account';
import { takesFocus } from './focus';
import { Icon } from './icons';

/** The door. A code is asked for only when the account wants one; ways that are not open here are not shown. */
export function SignIn({ doors, onDone, ended, user: known }: { doors: Doors; onDone: () => void; ended?: boolean; user?: string }) {
  const user = useSignal(known ?? ''),
    password = useSignal(''),
    code = useSignal(''),
    stay = useSignal(true);
  const wantsCode = useSignal(false),
    busy = useSignal(false),
    trouble = useSignal<string | null>(null);
  const passkeys = doors.passkey && typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
  const run = async (ask: () => Promise<Answer>) => {
    if (busy.value) return;
    busy.value = true;
    trouble.value = null;
    const answer = await ask();
    busy.value = false;
    if (answer.ok) {
      password.value = code.value = '';
      onDone();
      return;
    }
    if (answer.why === 'needsCode' || answer.why === 'code') wantsCode.value = true;
    if (answer.why !== 'needsCode') trouble.value = t(`signIn.${answer.why}`);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void run(() => signIn(user.value.trim(), password.value, wantsCode.value ? code.value : '', stay.value));
  };
  return (
    <main class="door">
      <form class="door-card" onSubmit={submit} method="post" action="/session">
        <Mark />
        <h1>{ended ? t('signIn.ended') : t('signIn.title')}</h1>
        {ended && <p class="door-note">{t('signIn.endedNote')}</p>}
        {doors.password && (
          <>
            <label class="field">
              <span>{t('signIn.address')}</span>
              <input
                name="user"
                type="text"
                inputMode="email"
                autoComplete="username webauthn"
                autoCapitalize="none"
                spellcheck={false}
                required
                ref={known ? null : takesFocus}
                value={user.value}
                onInput={e => {
                  user.value = e.currentTarget.value;
                }}
              />
            </label>
            <label class="field">
              <span>{t('signIn.password')}</span>
              <input
                name="password"
                type="password"
                autoComplete="current-password"
                required
                ref={known ? takesFocus : null}
                value={password.value}
                onInput={e => {
                  password.value = e.currentTarget.value;
                }}
                aria-invalid={trouble.value !== null}
                aria-describedby={trouble.value ? 'door-trouble' : undefined}
              />
            </label>
            {wantsCode.value && (
              <label class="field">
                <span>{t('signIn.theCode')}</span>
                <input
                  name="totp"
                  type="text"
                  autoComplete="one-time-code"
                  required
                  ref={takesFocus}
                  value={code.value}
                  onInput={e => {
                    code.value = e.currentTarget.value;
                  }}
                />
                <small class="quiet">{t('signIn.codeNote')}</small>
              </label>
            )}
          </>
        )}
        <label class="switch door-stay">
          <input
            type="checkbox"
            checked={stay.value}
            onChange={e => {
              stay.value = e.currentTarget.checked;
            }}
          />
          <span>{t('signIn.stay')}</span>
        </label>
        <p id="door-trouble" class="door-trouble" role="alert">
          {trouble.value}
        </p>
        {doors.password && (
          <button type="submit" class="button primary large" aria-disabled={busy.value}>
            {busy.value ? t('signIn.waiting') : t('signIn.go')}
          </button>
        )}
        {passkeys && (
          <button
            type="button"
            class="button large"
            onClick={() => {
              void run(() => signInByPasskey(stay.value));
            }}
          >
            <Icon name="person" size={18} />
            {t('signIn.byPasskey')}
          </button>
        )}
        {doors.openId !== null && (
          <a class="button large" href={`/session/openid/start?stay=${stay.value}`}>
            {t('signIn.byProvider', { name: doors.openId })}
          </a>
        )}
      </form>
      <footer class="door-foot">
        <LanguageChoice />
      </footer>
    </main>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 48 48" width="44" height="44" aria-hidden="true">
      <path d="M5 33h38l-6 8H12z" fill="currentColor" />
      <path d="M23 6v24H9z" fill="currentColor" opacity=".75" />
      <path d="M26 10l13 20H26z" fill="currentColor" opacity=".45" />
    </svg>
  );
}
