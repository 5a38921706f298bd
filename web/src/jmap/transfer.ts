// Blobs up and down (RFC 8620 §6).
import { OfflineError, RequestError } from './errors';
import type { Id, Session } from './types';

export interface Upload {
  done: Promise<{ blobId: Id; type: string; size: number }>;
  cancel: () => void;
}

const accountOf = (session: Session): Id => session.primaryAccounts['urn:ietf:params:jmap:mail'] ?? '';

export const fill = (template: string, values: Record<string, string>): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));

export const downloadUrl = (session: Session, blobId: Id, name: string, type: string): string =>
  fill(session.downloadUrl, { accountId: accountOf(session), blobId, name, type });

/** Sends octets; `progress` hears the share that is gone out, 0 to 1. */
export function upload(session: Session, blob: Blob, progress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<{ blobId: Id; type: string; size: number }>((resolve, reject) => {
    request.upload.onprogress = e => {
      if (e.lengthComputable) progress(e.loaded / e.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300)
        resolve(JSON.parse(request.responseText) as { blobId: Id; type: string; size: number });
      else reject(new RequestError(request.status, 'upload'));
    };
    request.onerror = request.ontimeout = () => reject(new OfflineError());
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
  });
  request.open('POST', fill(session.uploadUrl, { accountId: accountOf(session) }));
  request.setRequestHeader('Content-Type', blob.type || 'application/octet-stream');
  request.send(blob);
  return { done, cancel: () => request.abort() };
}

export async function download(session: Session, blobId: Id, type: string): Promise<ArrayBuffer> {
  const response = await fetch(downloadUrl(session, blobId, 'blob', type), { credentials: 'same-origin' });
  if (!response.ok) throw new RequestError(response.status, 'download');
  return await response.arrayBuffer();
}
