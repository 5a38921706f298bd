// The own account over HTTP (docs/web-api.md): what was not done is an error with the server's word for it.
import type { Client } from '../jmap/client';
import { OfflineError, RequestError, SignedOutError } from '../jmap/errors';

/** The server's word does not change, its sentence is English. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly word: string,
    text: string,
    /** "totp": the password was right, and the second step is asked for as well. */
    readonly needs?: string,
  ) {
    super(text);
  }
}

type Fetch = typeof fetch;

/** Reads a page, or with a body says something to it. */
export async function ask<T>(client: Client, path: string, body?: object, fetcher: Fetch = (url, init) => fetch(url, init)): Promise<T> {
  let response: Response;
  try {
    response = await fetcher(path, {
      method: body ? 'POST' : 'GET',
      credentials: 'same-origin',
      headers: { Accept: 'application/json', ...(body ? { 'Content-Type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new OfflineError();
  }
  if (response.ok) return (await response.json()) as T;
  const said = (await response.json().catch(() => ({}))) as { error?: string; text?: string; needs?: string };
  if (response.status === 401 && said.error === 'signed-out') {
    client.onSignedOut();
    throw new SignedOutError();
  }
  if (response.status >= 502 && response.status <= 504) throw new RequestError(response.status, said.error ?? 'busy');
  throw new ApiError(response.status, said.error ?? '', said.text ?? `${response.status}`, said.needs);
}
