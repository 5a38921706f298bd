import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isRightToLeft, language, t } from '../i18n';
import { download } from '../jmap/transfer';
import type { FullEmail } from '../jmap/types';
import { ask } from '../app/dialog';
import { isDark } from '../app/preferences';
import { pressed } from '../app/shortcuts';
import type { View } from '../app/mailbox-view';
import { troubleText } from '../mail/actions';
import { Attachments } from './attachments';
import { attachmentsOf, contentOf, pictureOf } from './body';
import type { Placed } from './frames';
import { judge } from './links';
import { Answers } from './message-acts';
import type { MessageProps } from './message';
import { RemoteBar } from './remote-bar';

/** What the message says, in its frame, and what came with it. */
export function MessageBody({ view, email, reading, isLast }: MessageProps) {
  const slot = useRef<HTMLDivElement>(null),
    placed = useRef<Placed | null>(null);
  const full = useSignal<FullEmail | null>(null),
    trouble = useSignal<string | null>(null);
  const used = useSignal<ReadonlySet<string>>(new Set()),
    away = useSignal<string[]>([]);
  const show = (message: FullEmail) => {
    const content = contentOf(message);
    full.value = message;
    placed.current?.show(
      {
        kind: 'show',
        ...content,
        dark: isDark.peek(),
        lang: language.peek(),
        rtl: isRightToLeft(),
        words: { quoted: t('reader.quoted'), more: t('reader.all'), image: t('reader.image') },
      },
      {
        images: (cids, elsewhere) => {
          used.value = new Set([...used.value, ...cids]);
          away.value = elsewhere;
          for (const cid of cids) void bring(view, message, cid, placed.current);
        },
        link: (href, text) => follow(view, href, text),
        key: (key, shift) => pressed(view, key, shift),
        all: () => {
          void reading.bodies.whole(email.id).then(whole => {
            if (whole) show(whole);
          });
        },
      },
    );
  };
  const load = () => {
    trouble.value = null;
    reading.bodies.get(email.id).then(
      message => {
        if (message) show(message);
        else trouble.value = t('reader.gone');
      },
      error => {
        trouble.value = troubleText(error);
      },
    );
  };
  useEffect(() => {
    placed.current = reading.frames.take(slot.current!);
    load();
    const end = isDark.subscribe(dark => placed.current?.say({ kind: 'theme', dark }));
    return () => {
      end();
      placed.current?.release();
      placed.current = null;
    };
  }, [email.id]);
  const parts = full.value ? attachmentsOf(full.value, used.value) : [];
  return (
    <>
      {away.value.length > 0 && (
        <RemoteBar
          sender={email.from?.[0]?.email ?? ''}
          urls={away.value}
          placed={placed.current}
          onDone={() => {
            away.value = [];
          }}
        />
      )}
      {trouble.value && (
        <div class="empty" role="alert">
          <p>{trouble.value}</p>
          <button type="button" class="button" onClick={load}>
            {t('retry')}
          </button>
        </div>
      )}
      <div class="slot" ref={slot} />
      {full.value && parts.length > 0 && <Attachments view={view} parts={parts} />}
      {isLast && full.value && !email.keywords['$draft'] && <Answers view={view} reading={reading} email={full.value} />}
    </>
  );
}

async function bring(view: View, message: FullEmail, cid: string, placed: Placed | null): Promise<void> {
  const part = pictureOf(message, cid);
  if (!part?.blobId || !placed) return;
  const octets = await download(view.client.session, part.blobId, part.type).catch(() => null);
  if (octets) placed.say({ kind: 'image', key: `cid:${cid}`, type: part.type, octets });
}

function follow(view: View, href: string, text: string): void {
  const judged = judge(href, text);
  if (!judged) return;
  if (judged.href.startsWith('mailto:')) {
    void import('../compose').then(c => c.mailto(view, judged.href));
    return;
  }
  const open = () => {
    window.open(judged.href, '_blank', 'noopener,noreferrer');
  };
  if (judged.warnings.length === 0) {
    open();
    return;
  }
  ask(
    t('link.title'),
    <>
      <p>{t('link.leads')}</p>
      <p class="link-host">{judged.host}</p>
      <ul>
        {judged.warnings.map(w => (
          <li key={w}>{t(`link.${w}`)}</li>
        ))}
      </ul>
      <p class="quiet link-address">{judged.href}</p>
    </>,
    t('link.open'),
    open,
    true,
  );
}
