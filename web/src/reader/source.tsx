import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { download, downloadUrl } from '../jmap/transfer';
import type { FullEmail } from '../jmap/types';
import { Dialog, closeOverlay } from '../app/dialog';
import { Icon } from '../app/icons';
import type { View } from '../app/mailbox-view';
import { troubleText } from '../mail/actions';

const mostShown = 512 << 10;

/** The message as it came over the wire, as text. */
export function SourceDialog({ view, email, headersOnly }: { view: View; email: FullEmail; headersOnly?: boolean }) {
  const text = useSignal<string | null>(null);
  useEffect(() => {
    download(view.client.session, email.blobId, 'message/rfc822').then(
      octets => {
        const all = new TextDecoder('utf-8').decode(octets.slice(0, mostShown));
        const end = /\r?\n\r?\n/.exec(all);
        text.value = headersOnly && end ? all.slice(0, end.index) : all + (octets.byteLength > mostShown ? '\n…' : '');
      },
      error => {
        text.value = troubleText(error);
      },
    );
  }, [email.id]);
  return (
    <Dialog title={t(headersOnly ? 'reader.headers' : 'reader.source')} wide onClose={closeOverlay}>
      <pre class="source" tabIndex={0} dir="ltr">
        {text.value ?? t('loading')}
      </pre>
      <footer class="dialog-foot">
        <button
          type="button"
          class="button"
          onClick={() => {
            void navigator.clipboard?.writeText(text.value ?? '');
          }}
        >
          {t('copy')}
        </button>
        <a class="button" href={downloadUrl(view.client.session, email.blobId, 'message.eml', 'message/rfc822')} download="message.eml">
          <Icon name="download" size={18} />
          {t('reader.download')}
        </a>
      </footer>
    </Dialog>
  );
}
