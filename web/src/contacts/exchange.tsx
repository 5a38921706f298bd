// vCard files in and out.
import { closeOverlay, Dialog, overlay } from '../app/dialog';
import type { View } from '../app/mailbox-view';
import { t } from '../i18n';
import { c } from '../i18n/contacts';
import { language } from '../i18n';
import { bytes } from '../i18n/dates';
import { troubleText } from '../mail/actions';
import { begun, change, did, dismiss, notify } from '../mail/undo';
import { filled, shownName } from './acts';
import { bookOf } from './book';
import { titleOf, type Card, type NewCard } from './card';
import { likenessOf, mostCards, readCards, type Found } from './vcard-read';
import { writeCards } from './vcard-write';

export const mostFile = 20 << 20;

/** What became of the files of one import. */
export interface Report {
  imported: number;
  already: number;
  refused: { n: number; why: string };
  lost: number[];
  pictures: number;
  isCut: boolean;
  tooLarge: string[];
}

// Files of our old programs say no character set: those of Bulgarian people are in Cyrillic.
const charset = (): string => (language.peek() === 'bg' ? 'windows-1251' : 'windows-1252');

/** Makes cards of what is new in them. */
export async function importFiles(view: View, files: readonly File[]): Promise<Report> {
  const book = bookOf(view);
  const report: Report = { imported: 0, already: 0, refused: { n: 0, why: '' }, lost: [], pictures: 0, isCut: false, tooLarge: [] };
  const notice = notify({ kind: 'busy', text: c('importing'), share: 0 });
  try {
    await book.load();
    const fresh = await gather(book.cards.peek().values(), files, report);
    const { made, refused } = await begun(book.create(fresh, share => change(notice, { share })));
    report.imported = made.length;
    report.refused = { n: refused.size, why: [...refused.values()][0]?.message ?? '' };
    if (made.length > 0)
      did(
        {
          label: c('did.import', { n: made.length }),
          undo: async () => {
            await book.destroy(made).catch((error: unknown) => {
              notify({ kind: 'trouble', text: troubleText(error) });
            });
          },
        },
        c('undoImport'),
      );
    if (hasMore(report)) tell(report);
  } catch (error) {
    notify({ kind: 'trouble', text: troubleText(error) });
  } finally {
    dismiss(notice);
  }
  return report;
}

async function gather(there: Iterable<Card>, files: readonly File[], report: Report): Promise<NewCard[]> {
  const uids = new Set<string>(),
    likenesses = new Set<string>(),
    fresh: NewCard[] = [];
  const seen = (card: NewCard): boolean => {
    const likeness = likenessOf(card);
    const was = (card.uid !== undefined && uids.has(card.uid)) || likenesses.has(likeness);
    if (card.uid !== undefined) uids.add(card.uid);
    likenesses.add(likeness);
    return was;
  };
  for (const card of there) seen(card);
  for (const file of files) {
    if (file.size > mostFile) {
      report.tooLarge.push(file.name);
      continue;
    }
    const found: Found = readCards(new Uint8Array(await file.arrayBuffer()), charset());
    report.lost.push(...found.lost);
    report.pictures += found.pictures;
    report.isCut ||= found.isCut;
    for (const card of found.cards) {
      if (seen(card)) report.already++;
      else fresh.push(card);
    }
  }
  return fresh;
}

const hasMore = (r: Report): boolean =>
  r.imported === 0 || r.already + r.refused.n + r.lost.length + r.pictures + r.tooLarge.length > 0 || r.isCut;

function tell(r: Report): void {
  const lines = r.lost.slice(0, 12).join(', ') + (r.lost.length > 12 ? ', …' : '');
  const said = [
    r.imported > 0 && c('did.import', { n: r.imported }),
    r.imported + r.already + r.refused.n + r.tooLarge.length === 0 && c('import.none'),
    r.already > 0 && c('import.already', { n: r.already }),
    r.refused.n > 0 && c('import.refused', r.refused),
    r.lost.length > 0 && c('import.lost', { n: r.lost.length, lines }),
    r.pictures > 0 && c('import.pictures', { n: r.pictures }),
    r.isCut && c('import.cut', { n: mostCards }),
    ...r.tooLarge.map(name => c('import.large', { name, size: bytes(mostFile) })),
  ].filter(line => line !== false);
  overlay.value = () => (
    <Dialog title={c('import.title')} onClose={closeOverlay}>
      <ul class="dialog-text import-said">
        {said.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <footer class="dialog-foot">
        <button type="button" class="button primary" onClick={closeOverlay}>
          {t('close')}
        </button>
      </footer>
    </Dialog>
  );
}

/** Asks for files. */
export function chooseFiles(view: View): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.vcf,.vcard,text/vcard,text/x-vcard';
  input.multiple = true;
  input.onchange = () => {
    void importFiles(view, [...(input.files ?? [])]);
  };
  input.click();
}

export async function exportAll(view: View): Promise<void> {
  const notice = notify({ kind: 'busy', text: c('exporting') });
  try {
    const book = bookOf(view);
    await book.load();
    const cards: Card[] = [];
    for (const card of await book.all()) cards.push(await filled(view, card));
    save(writeCards(cards), 'contacts.vcf');
  } catch (error) {
    notify({ kind: 'trouble', text: troubleText(error) });
  } finally {
    dismiss(notice);
  }
}

export async function exportOne(view: View, card: Card): Promise<void> {
  try {
    save(
      writeCards([await filled(view, card)]),
      `${(titleOf(card) || shownName(card)).replace(/[\\/:*?"<>|\u0000-\u001f]/g, '_').slice(0, 80)}.vcf`,
    );
  } catch (error) {
    notify({ kind: 'trouble', text: troubleText(error) });
  }
}

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/vcard;charset=utf-8' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
