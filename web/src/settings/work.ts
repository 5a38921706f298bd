// A form's work: one at a time; what went wrong stands beside its field, or below when it is nobody's.
import { signal, type Signal } from '@preact/signals';
import { useSignal } from '@preact/signals';
import { t } from '../i18n';
import { s } from '../i18n/settings';
import { RecordError, SignedOutError } from '../jmap/errors';
import { troubleText } from '../mail/actions';
import { ApiError } from './api';

/** Something is wrong with this field. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    text: string,
  ) {
    super(text);
  }
}

/** By field; under '' what is wrong with the whole. */
export type Troubles = Readonly<Record<string, string>>;

export function troublesOf(error: unknown): Troubles {
  if (error instanceof FieldError) return { [error.field]: error.message };
  if (error instanceof SignedOutError) return { '': t('signIn.ended') };
  if (error instanceof ApiError && error.word === 'app-password') return { '': s('safety.byAppPassword') };
  if (error instanceof RecordError) return { [error.error.properties?.[0] ?? '']: error.message };
  return { '': troubleText(error) };
}

export interface Work {
  busy: Signal<boolean>;
  troubles: Signal<Troubles>;
  /** True: it was done. */
  run(work: () => Promise<void>): Promise<boolean>;
}

export function newWork(busy: Signal<boolean> = signal(false), troubles: Signal<Troubles> = signal<Troubles>({})): Work {
  return {
    busy,
    troubles,
    run: async work => {
      if (busy.peek()) return false;
      busy.value = true;
      troubles.value = {};
      try {
        await work();
        return true;
      } catch (error) {
        troubles.value = troublesOf(error);
        if (typeof document !== 'undefined')
          setTimeout(() => document.querySelector<HTMLElement>('.settings [aria-invalid=true]')?.focus());
        return false;
      } finally {
        busy.value = false;
      }
    },
  };
}

export const useWork = (): Work => newWork(useSignal(false), useSignal<Troubles>({}));
