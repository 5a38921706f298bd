import { useEffect, useRef } from 'preact/hooks';
import { download } from '../jmap/transfer';
import type { Composition } from './composition';

export interface PictureShelf {
  urlOf(cid: string): string | null;
  put(cid: string, blob: Blob): void;
}

// Pictures of the text as they can be shown here: those just pasted, and those of a draft or of the message that is answered.
export function usePictures(one: Composition, came: () => void): PictureShelf {
  const shelf = useRef<{ urls: Map<string, string>; asked: Set<string> }>({ urls: new Map(), asked: new Set() });
  useEffect(
    () => () => {
      for (const url of shelf.current.urls.values()) URL.revokeObjectURL(url);
    },
    [],
  );
  const put = (cid: string, blob: Blob) => {
    shelf.current.urls.set(cid, URL.createObjectURL(blob));
  };
  return {
    put,
    urlOf: cid => {
      const there = shelf.current.urls.get(cid);
      const part = one.draft.peek().attachments.find(a => a.cid === cid);
      if (there || !part || shelf.current.asked.has(cid) || !/^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(part.type)) return there ?? null;
      shelf.current.asked.add(cid);
      void download(one.view.client.session, part.blobId, part.type).then(
        octets => {
          put(cid, new Blob([octets], { type: part.type }));
          came();
        },
        () => {},
      );
      return null;
    },
  };
}
