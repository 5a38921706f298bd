// The two forms of a letter, rich and plain, and whose signature stands under it.
import { t } from '../i18n';
import { ask } from '../app/dialog';
import { preferences } from '../app/preferences';
import type { Composition } from './composition';
import type { Editor } from './editor';
import { changeBcc, changeText, signatureHtml } from './signature';

export function switchForm(one: Composition): void {
  one.collect();
  const draft = one.draft.peek();
  if (draft.rich) {
    const go = () => {
      one.change({ rich: false, text: one.plainText(), attachments: draft.attachments.filter(a => a.cid === null) });
      preferences.richText.value = false;
    };
    if (/<(b|i|u|strong|em|img|table|ul|ol|a)\b/i.test(draft.html))
      ask(t('compose.plain'), <p>{t('compose.plainText')}</p>, t('compose.plain'), go);
    else go();
    return;
  }
  const root = document.createElement('div');
  for (const line of draft.text.split('\n')) {
    const div = document.createElement('div');
    div.textContent = line;
    if (line === '') div.append(document.createElement('br'));
    root.append(div);
  }
  one.change({ rich: true, html: root.innerHTML });
  preferences.richText.value = true;
}

export function changeIdentity(one: Composition, id: string, editor: Editor | null): void {
  const before = one.identity();
  one.change({ identity: id });
  const after = one.identity();
  const { rich, text, bcc } = one.draft.peek();
  one.change({ bcc: changeBcc(bcc, before, after) });
  if (rich) editor?.replaceSignature(signatureHtml(before), signatureHtml(after));
  else one.change({ text: changeText(text, before?.textSignature ?? '', after?.textSignature ?? '') });
  one.touched();
}
