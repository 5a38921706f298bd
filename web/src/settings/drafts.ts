// What is typed into a form outlives the page of settings it stands on: who looks elsewhere finds it again. Never a password.
import { signal, type Signal } from '@preact/signals';

interface Draft {
  now: Signal<unknown>;
  was: string;
}

const drafts = new Map<string, Draft>();

export function draftOf<T>(key: string, initial: T): Signal<T> {
  let draft = drafts.get(key);
  if (!draft) drafts.set(key, (draft = { now: signal<unknown>(initial), was: JSON.stringify(initial) }));
  return draft.now as Signal<T>;
}

/** It has been saved, or thrown away. */
export function dropDraft(key: string): void {
  drafts.delete(key);
}

export const isDirty = (key: string): boolean => {
  const draft = drafts.get(key);
  return draft !== undefined && JSON.stringify(draft.now.value) !== draft.was;
};

export const anyDirty = (): boolean => [...drafts.keys()].some(isDirty);

/** One property of a form as if it were a signal of its own. */
export function part<T extends object, K extends keyof T>(form: Signal<T>, name: K): { value: T[K] } {
  return {
    get value() {
      return form.value[name];
    },
    set value(now: T[K]) {
      form.value = { ...form.peek(), [name]: now };
    },
  };
}
