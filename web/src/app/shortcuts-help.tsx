import { t, type Key } from '../i18n';
import { Dialog, closeOverlay, overlay } from './dialog';
import { preferences } from './preferences';

const groups: [Key, [string, Key][]][] = [
  [
    'keys.moving',
    [
      ['j / k', 'keys.nextPrevious'],
      ['o / Enter', 'keys.open'],
      ['u', 'keys.back'],
      ['/', 'keys.search'],
      ['g i', 'keys.inbox'],
      ['g s', 'keys.sent'],
      ['g d', 'keys.drafts'],
      ['g a', 'keys.archive'],
      ['g t', 'keys.trash'],
      ['g l', 'keys.goTo'],
      ['g c', 'contacts'],
      ['g ,', 'menu.settings'],
    ],
  ],
  [
    'keys.marking',
    [
      ['x', 'keys.mark'],
      ['* a', 'keys.markAll'],
      ['* n', 'keys.markNone'],
    ],
  ],
  [
    'keys.acting',
    [
      ['e', 'act.archive'],
      ['#', 'act.delete'],
      ['!', 'act.junk'],
      ['v', 'act.move'],
      ['s', 'act.star'],
      ['⇧ I', 'act.read'],
      ['⇧ U', 'act.unread'],
      ['z', 'undo'],
    ],
  ],
  [
    'keys.writing',
    [
      ['c', 'compose.new'],
      ['r', 'compose.reply'],
      ['a', 'compose.replyAll'],
      ['f', 'compose.forward'],
      ['Ctrl Enter', 'compose.send'],
      ['Esc', 'compose.close'],
    ],
  ],
];

export function shortcutHelp(): void {
  overlay.value = () => (
    <Dialog title={t('keys.title')} wide onClose={closeOverlay}>
      <div class="shortcuts">
        {groups.map(([title, rows]) => (
          <section key={title}>
            <h3>{t(title)}</h3>
            <dl>
              {rows.map(([key, what]) => (
                <div key={key}>
                  <dt>{key.split(' ').map((k, i) => (k === '/' && key !== '/' ? <span key={i}> / </span> : <kbd key={i}>{k}</kbd>))}</dt>
                  <dd>{t(what)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <footer class="dialog-foot">
        <label class="switch">
          <input
            type="checkbox"
            checked={preferences.shortcuts.value}
            onChange={event => {
              preferences.shortcuts.value = event.currentTarget.checked;
            }}
          />
          <span>{t('keys.on')}</span>
        </label>
      </footer>
    </Dialog>
  );
}
