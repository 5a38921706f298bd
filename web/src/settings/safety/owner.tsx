// Before something changes for good, its owner is asked for the password once more, and for the second step where there is one.
import { useSignal, type Signal } from '@preact/signals';
import { t } from '../../i18n';
import { s } from '../../i18n/settings';
import { ApiError } from '../api';
import { Text } from '../form';
import { FieldError, type Work } from '../work';

export interface Owner {
  password: Signal<string>;
  code: Signal<string>;
  wantsCode: Signal<boolean>;
  /** Asks with what the owner said beside the rest. */
  prove<T>(ask: (proof: object) => Promise<T>): Promise<T>;
  forget(): void;
}

/** A code of the app has digits; what else is typed is one of those kept for the day when the app is lost. */
export function secondStep(code: string): { totp?: string; recovery?: string } {
  const bare = code.replace(/\s/g, '');
  return bare === '' ? {} : /^\d{6,8}$/.test(bare) ? { totp: bare } : { recovery: code.trim() };
}

export function newOwner(password: Signal<string>, code: Signal<string>, wantsCode: Signal<boolean>): Owner {
  return {
    password,
    code,
    wantsCode,
    prove: async ask => {
      if (password.peek() === '') throw new FieldError('password', s('missing'));
      try {
        return await ask({ password: password.peek(), ...(wantsCode.peek() ? secondStep(code.peek()) : {}) });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.needs === 'totp') {
          const first = !wantsCode.peek();
          wantsCode.value = true;
          throw new FieldError('code', first ? s('owner.codeToo') : t('signIn.code'));
        }
        throw error.word === 'refused' ? new FieldError('password', s('owner.wrong')) : error;
      }
    },
    forget: () => {
      password.value = code.value = '';
    },
  };
}

export const useOwner = (wantsCode = false): Owner => newOwner(useSignal(''), useSignal(''), useSignal(wantsCode));

export function OwnerFields({ owner, work }: { owner: Owner; work: Work }) {
  const wrong = work.troubles.value;
  return (
    <>
      <Text of={owner.password} label={s('owner.password')} type="password" autoComplete="current-password" trouble={wrong['password']} />
      {owner.wantsCode.value && (
        <Text
          of={owner.code}
          label={t('signIn.theCode')}
          note={t('signIn.codeNote')}
          autoComplete="one-time-code"
          trouble={wrong['code']}
        />
      )}
    </>
  );
}
