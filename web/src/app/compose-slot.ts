import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

/** Where letters are written; filled when that part of the program is loaded. */
export const composeLayer = signal<(() => ComponentChildren) | null>(null);
