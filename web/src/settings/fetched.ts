import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export interface Fetched<T> {
  value: Signal<T | Error | null>;
  again(): void;
}

/** Fetched when the page comes into sight, and again when asked; what is there stays while it is fetched anew. */
export function useFetched<T>(fetch: () => Promise<T>): Fetched<T> {
  const value = useSignal<T | Error | null>(null);
  const again = () => {
    if (value.peek() instanceof Error) value.value = null;
    fetch().then(
      got => {
        value.value = got;
      },
      (error: Error) => {
        if (value.peek() === null || value.peek() instanceof Error) value.value = error;
      },
    );
  };
  useEffect(again, []);
  return { value, again };
}
