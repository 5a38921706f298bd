import { useSignal } from '@preact/signals';
import { t } from '../i18n';
import type { Id, Mailbox } from '../jmap/types';
import { mailboxName, pathOf, tree } from '../mail/names';
import { Dialog, closeOverlay, overlay } from './dialog';
import { Icon } from './icons';
import { folderIcon } from './sidebar';
import { go } from './route';
import type { View } from './mailbox-view';

/** Where to: typed or chosen. */
export function folderPicker(view: View): void {
  if (!view.targets()) return;
  choose(view, t('move.title'), view.mailbox.peek()?.id ?? null, to => {
    void view.takeOut(x => view.actions.move(x, view.mailbox.peek()?.id ?? null, to));
  });
}

export const goPicker = (view: View): void => choose(view, t('go.title'), null, to => go({ mailbox: to.id, search: null, email: null }));

function choose(view: View, title: string, except: Id | null, run: (to: Mailbox) => void): void {
  overlay.value = () => <Picker view={view} title={title} except={except} run={run} />;
}

function Picker({ view, title, except, run }: { view: View; title: string; except: Id | null; run: (to: Mailbox) => void }) {
  const text = useSignal(''),
    at = useSignal(0);
  const all = view.store.mailboxes.value;
  const wanted = text.value.trim().toLowerCase();
  const found = tree(all)
    .map(b => b.mailbox)
    .filter(m => m.id !== except && m.myRights['mayAddItems'] !== false)
    .filter(m => wanted === '' || pathOf(m, all).toLowerCase().includes(wanted));
  const take = (mailbox: Mailbox) => {
    closeOverlay();
    run(mailbox);
  };
  const create = async () => {
    const id = await view.store.client
      .call<{ created: Record<string, { id: Id }> | null }>('Mailbox/set', {
        create: { m: { name: text.value.trim(), parentId: null, isSubscribed: true } },
      })
      .then(
        a => a.created?.['m']?.id,
        () => undefined,
      );
    await view.store.sync();
    const made = id ? view.store.mailboxes.peek().get(id) : undefined;
    if (made) take(made);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') at.value = Math.min(at.value + 1, found.length - 1);
    else if (event.key === 'ArrowUp') at.value = Math.max(at.value - 1, 0);
    else if (event.key === 'Enter') {
      const one = found[at.value];
      if (one) take(one);
      else if (wanted) void create();
    } else return;
    event.preventDefault();
  };
  return (
    <Dialog title={title} onClose={closeOverlay}>
      <input
        class="picker-text"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="picker-list"
        aria-autocomplete="list"
        aria-activedescendant={found[at.value] ? `pick-${found[at.value]!.id}` : undefined}
        aria-label={t('move.find')}
        placeholder={t('move.find')}
        autoFocus
        value={text.value}
        onInput={e => {
          text.value = e.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={keys}
      />
      <div class="picker-list" id="picker-list" role="listbox" aria-label={title}>
        {found.map((mailbox, i) => (
          <div
            key={mailbox.id}
            id={`pick-${mailbox.id}`}
            role="option"
            aria-selected={i === at.value}
            class="picker-item"
            onClick={() => take(mailbox)}
          >
            <Icon name={folderIcon(mailbox)} size={18} />
            <span dir="auto">{wanted ? pathOf(mailbox, all) : mailboxName(mailbox)}</span>
          </div>
        ))}
      </div>
      {wanted && !found.some(m => m.name.toLowerCase() === wanted) && (
        <button
          type="button"
          class="text-button"
          onClick={() => {
            void create();
          }}
        >
          <Icon name="plus" size={18} /> {t('move.create', { name: text.value.trim() })}
        </button>
      )}
    </Dialog>
  );
}
