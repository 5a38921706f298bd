import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { bytes } from '../i18n/dates';
import { download, downloadUrl } from '../jmap/transfer';
import type { BodyPart } from '../jmap/types';
import { Dialog, closeOverlay, overlay } from '../app/dialog';
import { Icon, type IconName } from '../app/icons';
import type { View } from '../app/mailbox-view';
import { plainName } from '../mail/people';

const picture = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

/** Every attachment can be saved; pictures can be looked at. Nothing is ever opened as a page. */
export function Attachments({ view, parts }: { view: View; parts: BodyPart[] }) {
  return (
    <section class="attachments" aria-label={t('reader.attachments', { n: parts.length })}>
      <h3>{t('reader.attachments', { n: parts.length })}</h3>
      <ul>
        {parts.map(part => {
          const name = fileName(part);
          const isPicture = picture.test(part.type) && part.size < 20 << 20;
          return (
            <li key={part.partId ?? part.blobId} class="attachment">
              {isPicture ? (
                <button
                  type="button"
                  class="attachment-thumb"
                  aria-label={t('reader.look', { name })}
                  onClick={() => look(view, part, name)}
                >
                  <Thumb view={view} part={part} />
                </button>
              ) : (
                <span class="attachment-thumb">
                  <Icon name={iconOf(part.type)} size={24} />
                </span>
              )}
              <span class="attachment-text">
                <bdi class="attachment-name" title={name}>
                  {name}
                </bdi>
                <span class="quiet">{bytes(part.size)}</span>
              </span>
              <a
                class="icon-button"
                href={downloadUrl(view.client.session, part.blobId!, name, 'application/octet-stream')}
                download={name}
                aria-label={t('reader.save', { name })}
                title={t('reader.save', { name })}
              >
                <Icon name="download" />
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export const fileName = (part: BodyPart): string => plainName(part.name ?? '').replace(/[\\/]/g, '_') || t('reader.unnamed');

const iconOf = (type: string): IconName => (type.startsWith('image/') ? 'image' : type === 'message/rfc822' ? 'all' : 'file');

function usePicture(view: View, part: BodyPart, most: number): string | null {
  const url = useSignal<string | null>(null);
  useEffect(() => {
    if (part.size > most) return;
    let made: string | null = null,
      ended = false;
    void download(view.client.session, part.blobId!, part.type).then(
      octets => {
        if (!ended) url.value = made = URL.createObjectURL(new Blob([octets], { type: part.type }));
      },
      () => {},
    );
    return () => {
      ended = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [part.blobId]);
  return url.value;
}

function Thumb({ view, part }: { view: View; part: BodyPart }) {
  const url = usePicture(view, part, 3 << 20);
  return url ? <img src={url} alt="" /> : <Icon name="image" size={24} />;
}

function look(view: View, part: BodyPart, name: string): void {
  overlay.value = () => (
    <Dialog title={name} wide onClose={closeOverlay}>
      <Large view={view} part={part} name={name} />
    </Dialog>
  );
}

function Large({ view, part, name }: { view: View; part: BodyPart; name: string }) {
  const url = usePicture(view, part, Infinity);
  return <div class="look">{url ? <img src={url} alt={name} /> : <p class="quiet">{t('loading')}</p>}</div>;
}
