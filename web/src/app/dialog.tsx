// Dialogs and menus. The browser's own <dialog> and popover keep focus where it belongs and give it back.
import { signal } from '@preact/signals';
import { Fragment, type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { Icon, IconButton, type IconName } from './icons';

export function Dialog({
  title,
  onClose,
  children,
  wide,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null),
    gone = useRef(false);
  useLayoutEffect(() => {
    const dialog = ref.current!;
    if (!dialog.open) dialog.showModal();
    return () => {
      gone.current = true;
      if (dialog.open) dialog.close();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby="dialog-title"
      // The browser says that it closed with its next picture: by then another dialog may stand where this one was.
      onClose={() => {
        if (!gone.current) onClose();
      }}
      onClick={event => {
        if (event.target === ref.current) ref.current!.close();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id="dialog-title">{title}</h2>
          <IconButton icon="close" label={t('close')} onClick={() => ref.current!.close()} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** What stands over the page now. */
export const overlay = signal<(() => ComponentChildren) | null>(null);
export const closeOverlay = (): void => {
  overlay.value = null;
};

/** Something stands over the page. A dialog that has closed does so no longer, though it says that it closed only with the next picture. */
export const isCovered = (): boolean => overlay.peek() !== null && document.querySelector('dialog:not([open])') === null;

/** Each has a dialog of its own: one that opens while another is closing would close with it. */
export function Overlay() {
  const last = useRef<{ what: typeof overlay.value; number: number }>({ what: null, number: 0 });
  if (last.current.what !== overlay.value) last.current = { what: overlay.value, number: last.current.number + 1 };
  return <Fragment key={last.current.number}>{overlay.value?.()}</Fragment>;
}

export function ask(title: string, text: ComponentChildren, yes: string, run: () => void, danger = false): void {
  overlay.value = () => (
    <Dialog title={title} onClose={closeOverlay}>
      <div class="dialog-text">{text}</div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick={closeOverlay}>
          {t('cancel')}
        </button>
        <button
          type="button"
          class={danger ? 'button danger' : 'button primary'}
          onClick={() => {
            closeOverlay();
            run();
          }}
        >
          {yes}
        </button>
      </footer>
    </Dialog>
  );
}

export interface MenuItem {
  label: string;
  icon?: IconName;
  run: () => void;
  hint?: string;
  checked?: boolean;
  /** On or off by itself, not one of several. */
  toggles?: boolean;
  href?: string;
  download?: string;
}

interface MenuState {
  at: DOMRect;
  items: (MenuItem | null)[];
  label: string;
  from: HTMLElement | null;
}

const menu = signal<MenuState | null>(null);

export function openMenu(event: MouseEvent | HTMLElement, label: string, items: (MenuItem | null)[]): void {
  const from = event instanceof HTMLElement ? event : (event.currentTarget as HTMLElement);
  menu.value = { at: from.getBoundingClientRect(), items, label, from };
}

export function Menu() {
  const state = menu.value;
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!state || !element) return;
    element.showPopover();
    const { width, height } = element.getBoundingClientRect();
    const rtl = document.documentElement.dir === 'rtl';
    const left = rtl ? state.at.left : state.at.right - width < 8 ? state.at.left : Math.min(state.at.left, innerWidth - width - 8);
    const below = state.at.bottom + 4 + height <= innerHeight - 8;
    element.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    element.style.top = `${below ? state.at.bottom + 4 : Math.max(8, state.at.top - height - 4)}px`;
    (element.querySelector('[role^=menuitem]') as HTMLElement | null)?.focus();
  }, [state]);
  if (!state) return null;
  const close = () => {
    menu.value = null;
    state.from?.focus({ preventScroll: true });
  };
  const run = (item: MenuItem) => {
    close();
    item.run();
  };
  const step = (by: number) => {
    const all = Array.from(ref.current!.querySelectorAll<HTMLElement>('[role^=menuitem]'));
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + by + all.length) % all.length]?.focus();
  };
  const keys: Record<string, () => void> = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Escape: close, Tab: close };
  return (
    <div
      ref={ref}
      class="menu"
      popover="auto"
      role="menu"
      aria-label={state.label}
      key={state.label}
      onToggle={event => {
        if ((event as unknown as ToggleEvent).newState === 'closed' && menu.peek() === state) menu.value = null;
      }}
      onKeyDown={event => {
        const act = keys[event.key];
        if (act) {
          event.preventDefault();
          event.stopPropagation();
          act();
        } else typeAhead(ref.current!, event.key);
        event.stopPropagation();
      }}
    >
      {state.items.map((item, i) =>
        item === null ? (
          <hr key={i} />
        ) : item.href ? (
          <a
            key={i}
            role="menuitem"
            class="menu-item"
            tabIndex={-1}
            href={item.href}
            download={item.download ?? true}
            onClick={() => close()}
          >
            {item.icon && <Icon name={item.icon} size={18} />}
            <span>{item.label}</span>
          </a>
        ) : (
          <button
            key={i}
            type="button"
            class="menu-item"
            tabIndex={-1}
            role={item.checked === undefined ? 'menuitem' : item.toggles ? 'menuitemcheckbox' : 'menuitemradio'}
            aria-checked={item.checked}
            onClick={() => run(item)}
          >
            {item.checked !== undefined ? (
              <span class="menu-check">{item.checked && <Icon name="check" size={18} />}</span>
            ) : (
              item.icon && <Icon name={item.icon} size={18} />
            )}
            <span dir="auto">{item.label}</span>
            {item.hint && <kbd>{item.hint}</kbd>}
          </button>
        ),
      )}
    </div>
  );
}

function typeAhead(menuElement: HTMLElement, key: string): void {
  if (key.length !== 1) return;
  const all = Array.from(menuElement.querySelectorAll<HTMLElement>('[role^=menuitem]'));
  const at = all.indexOf(document.activeElement as HTMLElement);
  [...all.slice(at + 1), ...all.slice(0, at + 1)].find(e => e.textContent?.trim().toLowerCase().startsWith(key.toLowerCase()))?.focus();
}
