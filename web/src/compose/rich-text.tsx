import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { takesFocus } from '../app/focus';
import { IconButton, type IconName } from '../app/icons';
import type { Composition } from './composition';
import { Editor } from './editor';
import type { PictureShelf } from './pictures';
import { plainOf } from './plain';

/** The editor of formatted text, and its tools. */
export function RichText({
  one,
  editorRef,
  pictures,
  focus,
  onImages,
}: {
  one: Composition;
  editorRef: { current: Editor | null };
  pictures: PictureShelf;
  focus: boolean;
  onImages: (files: File[]) => void;
}) {
  const root = useRef<HTMLDivElement>(null),
    linking = useSignal(false),
    address = useSignal('');
  useEffect(() => {
    const element = root.current!;
    const editor = new Editor(element, pictures, () => one.touched(), onImages);
    editor.html = one.draft.peek().html;
    one.begins(editor.html);
    editorRef.current = editor;
    one.collect = () => {
      const html = editor.html;
      if (html !== one.draft.peek().html) one.draft.value = { ...one.draft.peek(), html };
    };
    one.plainText = () => plainOf(element);
    if (focus) editor.focusStart();
    // What the window held outlives it: it may still have to be saved.
    return () => {
      one.collect();
      one.collect = () => {};
      const text = plainOf(element);
      one.plainText = () => (one.draft.peek().rich ? text : one.draft.peek().text);
      editor.destroy();
      editorRef.current = null;
    };
  }, []);
  const tools: [Parameters<Editor['run']>[0], IconName, string][] = [
    ['bold', 'bold', 'Ctrl+B'],
    ['italic', 'italic', 'Ctrl+I'],
    ['underline', 'underline', 'Ctrl+U'],
    ['bullets', 'bullets', 'Ctrl+Shift+8'],
    ['numbers', 'numbers', 'Ctrl+Shift+9'],
    ['quote', 'quote', 'Ctrl+]'],
  ];
  return (
    <>
      <div class="editor" ref={root} role="textbox" aria-multiline="true" aria-label={t('compose.text')} dir="auto" />
      <div class="tools" role="toolbar" aria-label={t('compose.tools')}>
        {tools.map(([command, icon, hint]) => (
          <IconButton
            key={command}
            icon={icon}
            label={t(`format.${command as 'bold'}`)}
            hint={hint}
            onClick={() => editorRef.current?.run(command)}
          />
        ))}
        <IconButton
          icon="link"
          label={t('format.link')}
          pressed={linking.value}
          onClick={() => {
            linking.value = !linking.value;
          }}
        />
        {linking.value && (
          <form
            class="link-form"
            onSubmit={event => {
              event.preventDefault();
              if (address.value.trim()) editorRef.current?.link(address.value.trim());
              linking.value = false;
              address.value = '';
            }}
          >
            <input
              type="text"
              inputMode="url"
              ref={takesFocus}
              aria-label={t('format.address')}
              placeholder="https://"
              value={address.value}
              onInput={event => {
                address.value = event.currentTarget.value;
              }}
            />
            <button type="submit" class="button small">
              {t('format.setLink')}
            </button>
          </form>
        )}
      </div>
    </>
  );
}
