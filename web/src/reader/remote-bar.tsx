import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { Icon } from '../app/icons';
import type { Placed } from './frames';
import { remote } from './remote';

/** Images from elsewhere are not loaded; who can fetch them is asked on demand. */
export function RemoteBar({ sender, urls, placed, onDone }: { sender: string; urls: string[]; placed: Placed | null; onDone: () => void }) {
  const images = remote.images;
  const fetchAll = async () => {
    onDone();
    for (const url of urls) {
      const got = await images?.fetch(url).catch(() => null);
      if (got) placed?.say({ kind: 'image', key: url, ...got });
    }
  };
  useEffect(() => {
    if (images?.always(sender)) void fetchAll();
  }, []);
  return (
    <div class="remote-bar">
      <Icon name="image" size={18} />
      <span>{t('reader.remote', { n: urls.length })}</span>
      {images && (
        <button
          type="button"
          class="text-button"
          onClick={() => {
            void fetchAll();
          }}
        >
          {t('reader.remoteShow')}
        </button>
      )}
    </div>
  );
}
