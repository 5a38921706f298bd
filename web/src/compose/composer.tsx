import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { t } from '../i18n';
import { Icon, IconButton } from '../app/icons';
import { notify } from '../mail/undo';
import { AttachmentList } from './attachment-list';
import { Uploads } from './attaching';
import type { Composition } from './composition';
import { discard } from './discard';
import type { Draft } from './draft';
import type { Editor } from './editor';
import { ComposerFoot } from './foot';
import { changeIdentity } from './form';
import { identities } from './identities';
import { usePictures } from './pictures';
import { RecipientField } from './recipients';
import { RichText } from './rich-text';
import { useSending } from './sending';

export interface Open {
  composition: Composition;
  trouble: string | null;
  focus: 'to' | 'text';
}

export type Size = 'normal' | 'small' | 'full';

/** The window in which a letter is written. */
export function Composer({
  open,
  onClose,
  onReopen,
  reopenDraft,
}: {
  open: Open;
  onClose: () => void;
  onReopen: (trouble: string | null) => void;
  reopenDraft: (one: Composition, draft: Draft) => void;
}) {
  const one = open.composition;
  const draft = one.draft.value;
  const size = useSignal<Size>('normal'),
    more = useSignal(draft.cc.length + draft.bcc.length > 0),
    dragged = useSignal(false);
  const uploads = useRef<Uploads>(null as unknown as Uploads);
  uploads.current ??= new Uploads(one);
  const sending = useSending(one, uploads.current, open.trouble, onClose, onReopen);
  const editor = useRef<Editor | null>(null),
    pictures = usePictures(one, () => editor.current?.refresh());
  const close = () => {
    if (one.isBlank && one.serverId === null) {
      one.forget();
      one.end();
    } else
      void one.close().then(() => {
        if (one.state.peek() !== 'local') notify({ text: t('compose.kept') });
        else notify({ kind: 'trouble', text: t('compose.keptHere') });
      });
    onClose();
  };
  const attach = (files: Iterable<File>, inText: boolean) => {
    for (const file of files) {
      if (inText && draft.rich && /^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
        const cid = `${crypto.randomUUID()}@aviso`;
        pictures.put(cid, file);
        uploads.current.add(file, cid, () => editor.current?.insertPicture(cid, file.name));
      } else uploads.current.add(file, null);
    }
  };
  const keys = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
      event.preventDefault();
      sending.send();
    } else if (event.key === 'Escape' && !event.defaultPrevented) {
      event.preventDefault();
      close();
    }
    event.stopPropagation();
  };
  const drop = (event: DragEvent) => {
    dragged.value = false;
    const files = Array.from(event.dataTransfer?.files ?? []);
    if (files.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    attach(files, (event.target as Element).closest('.editor') !== null);
  };
  const identity = one.identity();
  return (
    <section
      class={`composer ${size.value}${dragged.value ? ' dragged' : ''}`}
      role="dialog"
      aria-label={draft.subject || t('compose.title')}
      onKeyDown={keys}
      data-keys="compose"
      onDragOver={event => {
        if (event.dataTransfer?.types.includes('Files')) {
          event.preventDefault();
          dragged.value = true;
        }
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) dragged.value = false;
      }}
      onDrop={drop}
    >
      <header
        class="composer-head"
        onDblClick={() => {
          size.value = size.value === 'full' ? 'normal' : 'full';
        }}
      >
        <h2 dir="auto">{draft.subject || t('compose.title')}</h2>
        <IconButton
          icon="minimise"
          class="composer-small"
          label={t(size.value === 'small' ? 'compose.restore' : 'compose.minimise')}
          onClick={() => {
            size.value = size.value === 'small' ? 'normal' : 'small';
          }}
        />
        <IconButton
          icon="expand"
          class="composer-full"
          label={t(size.value === 'full' ? 'compose.restore' : 'compose.full')}
          onClick={() => {
            size.value = size.value === 'full' ? 'normal' : 'full';
          }}
        />
        <IconButton icon="close" label={t('compose.close')} hint="Esc" onClick={close} />
      </header>
      <div class="composer-body" hidden={size.value === 'small'}>
        {identities.value.length > 1 && (
          <div class="recipients">
            <label class="recipients-label" for={`from-${one.key}`}>
              {t('field.from')}
            </label>
            <select
              id={`from-${one.key}`}
              value={identity?.id}
              onChange={event => changeIdentity(one, event.currentTarget.value, editor.current)}
            >
              {identities.value.map(i => (
                <option key={i.id} value={i.id}>
                  {i.name ? `${i.name} <${i.email}>` : i.email}
                </option>
              ))}
            </select>
          </div>
        )}
        <RecipientField
          label={t('field.to')}
          list={draft.to}
          focus={open.focus === 'to'}
          trouble={sending.toTrouble.value}
          onChange={to => {
            sending.toTrouble.value = null;
            one.change({ to });
          }}
        >
          {!more.value && (
            <button
              type="button"
              class="text-button"
              onClick={() => {
                more.value = true;
              }}
            >
              {t('compose.ccBcc')}
            </button>
          )}
        </RecipientField>
        {more.value && <RecipientField label={t('field.cc')} list={draft.cc} onChange={cc => one.change({ cc })} />}
        {(more.value || draft.bcc.length > 0) && (
          <RecipientField label={t('field.bcc')} list={draft.bcc} onChange={bcc => one.change({ bcc })} />
        )}
        <div class="recipients">
          <label class="recipients-label" for={`subject-${one.key}`}>
            {t('field.subject')}
          </label>
          <input
            id={`subject-${one.key}`}
            class="composer-subject"
            type="text"
            dir="auto"
            maxLength={900}
            value={draft.subject}
            onInput={event => one.change({ subject: event.currentTarget.value })}
          />
        </div>
        {draft.rich ? (
          <RichText
            key="rich"
            one={one}
            editorRef={editor}
            pictures={pictures}
            focus={open.focus === 'text'}
            onImages={files => attach(files, true)}
          />
        ) : (
          <textarea
            class="plain-text"
            dir="auto"
            aria-label={t('compose.text')}
            value={draft.text}
            onInput={event => one.change({ text: event.currentTarget.value })}
            ref={area => {
              if (area && open.focus === 'text' && !area.dataset['set']) {
                area.dataset['set'] = '1';
                area.focus();
                area.setSelectionRange(0, 0);
              }
            }}
          />
        )}
        <AttachmentList one={one} uploads={uploads.current} />
        {sending.trouble.value && (
          <p class="composer-trouble" role="alert">
            {sending.trouble.value}
          </p>
        )}
        <ComposerFoot
          one={one}
          busy={sending.busy.value}
          onSend={sending.send}
          onAttach={attach}
          onDiscard={() => discard(one, onClose, gone => reopenDraft(one, gone))}
        />
      </div>
      {dragged.value && (
        <div class="drop-here" aria-hidden="true">
          <Icon name="attach" size={32} />
          <p>{t('compose.dropHere')}</p>
        </div>
      )}
    </section>
  );
}
