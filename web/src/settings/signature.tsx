import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { s } from '../i18n/settings';
import { IconButton } from '../app/icons';
import type { Editor } from '../compose/editor';
import { Alert, Field } from './form';
import type { IdentityForm } from './identity';

/** What stands below a letter: plain, or with the editor of letters. */
export function SignatureEditor({ form, trouble }: { form: Signal<IdentityForm>; trouble?: string | undefined }) {
  if (form.value.rich) return <Rich form={form} trouble={trouble} />;
  return (
    <Field label={s('identity.signature')} trouble={trouble}>
      {described => (
        <textarea
          {...described}
          rows={5}
          dir="auto"
          value={form.value.text}
          onInput={event => {
            form.value = { ...form.peek(), text: event.currentTarget.value };
          }}
        />
      )}
    </Field>
  );
}

const asHtml = (text: string): string =>
  text
    .replace(/[&<>]/g, c => `&#${c.charCodeAt(0)};`)
    .split('\n')
    .map(line => `<div>${line || '<br>'}</div>`)
    .join('');

function Rich({ form, trouble }: { form: Signal<IdentityForm>; trouble?: string | undefined }) {
  const root = useRef<HTMLDivElement>(null),
    id = useId(),
    editor = useSignal<Editor | null>(null);
  useEffect(() => {
    let made: Editor | null = null,
      gone = false;
    void import('../compose/editor').then(({ Editor: Made }) => {
      if (gone) return;
      const changed = () => {
        if (made) form.value = { ...form.peek(), html: made.html, text: made.text };
      };
      made = new Made(root.current!, { urlOf: () => null }, changed, () => {});
      const { html, text } = form.peek();
      made.html = html || asHtml(text);
      // What was plain is formatted from here on; what was formatted is changed only by typing.
      if (html === '' && text !== '') changed();
      editor.value = made;
    });
    return () => {
      gone = true;
      made?.destroy();
    };
  }, []);
  return (
    <div class="field">
      <span class="label" id={id}>
        {s('identity.signature')}
      </span>
      <div class="signature-editor">
        <div class="signature-tools" role="toolbar" aria-label={t('compose.tools')}>
          {(['bold', 'italic', 'underline', 'bullets'] as const).map(tool => (
            <IconButton key={tool} icon={tool} label={t(`format.${tool}`)} onClick={() => editor.peek()?.run(tool)} />
          ))}
        </div>
        <div class="signature-text" ref={root} role="textbox" aria-multiline="true" aria-labelledby={id} dir="auto" />
      </div>
      {trouble && <Alert>{trouble}</Alert>}
    </div>
  );
}
