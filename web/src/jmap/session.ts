// Who is signed in, and the ways in (docs/web-api.md).
import type { Session } from './types';

/** How one can sign in here. */
export interface Doors {
  password: boolean;
  passkey: boolean;
  /** What the provider is called; null: there is none. */
  openId: string | null;
}

export type Opened = { session: Session } | { doors: Doors };

/** `needs`: the password was right, and a code is asked for as well. */
export type SignIn =
  | { ok: true }
  | { ok: false; why: 'wrong' | 'needsCode' | 'code' | 'appPassword' | 'busy' | 'offline' | 'none' | 'passkey'; text?: string };

const json = { Accept: 'application/json' };
const onlyPassword: Doors = { password: true, passkey: false, openId: null };

export async function open(): Promise<Opened> {
  const who = await fetch('/session', { credentials: 'same-origin', headers: json });
  if (who.status === 401) {
    const said = (await who.json().catch(() => ({}))) as { signIn?: { password?: boolean; passkey?: boolean; openId?: string } };
    return {
      doors: said.signIn
        ? { password: said.signIn.password !== false, passkey: said.signIn.passkey === true, openId: said.signIn.openId ?? null }
        : onlyPassword,
    };
  }
  const response = await fetch('/.well-known/jmap', { credentials: 'same-origin', headers: json });
  if (response.status === 401 || response.status === 403) return { doors: onlyPassword };
  if (!response.ok) throw new Error(`session ${response.status}`);
  return { session: here((await response.json()) as Session) };
}

/** The addresses of the session are asked under the name that this page came by: no other is reachable from it. */
export function here(session: Session): Session {
  const path = (url: string) => url.replace(/^https?:\/\/[^/]+/i, '');
  return {
    ...session,
    apiUrl: path(session.apiUrl),
    downloadUrl: path(session.downloadUrl),
    uploadUrl: path(session.uploadUrl),
    eventSourceUrl: path(session.eventSourceUrl),
  };
}

async function post(path: string, body: object): Promise<Response | null> {
  try {
    return await fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', ...json },
      body: JSON.stringify(body),
    });
  } catch {
    return null;
  }
}

/** A code is one of the app, six digits, or else one of those kept for the day when it is lost. */
export async function signIn(user: string, password: string, code: string, stay: boolean): Promise<SignIn> {
  const bare = code.replace(/\s/g, '');
  const factor = bare === '' ? {} : /^\d{6,8}$/.test(bare) ? { totp: bare } : { recovery: code.trim() };
  return judge(await post('/session', { user, password, stay, ...factor }));
}

export async function signInByPasskey(stay: boolean): Promise<SignIn> {
  const asked = await post('/session/passkey/options', {});
  if (!asked?.ok) return asked?.status === 409 ? { ok: false, why: 'passkey' } : judge(asked);
  let credential: Credential | null;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON((await asked.json()) as PublicKeyCredentialRequestOptionsJSON);
    credential = await navigator.credentials.get({ publicKey });
  } catch {
    return { ok: false, why: 'passkey' };
  }
  return credential
    ? judge(await post('/session/passkey', { stay, credential: (credential as PublicKeyCredential).toJSON() }))
    : { ok: false, why: 'passkey' };
}

async function judge(response: Response | null): Promise<SignIn> {
  if (!response) return { ok: false, why: 'offline' };
  if (response.ok) return { ok: true };
  if (response.status === 404 || response.status === 405) return { ok: false, why: 'none' };
  if (response.status === 429 || response.status === 503) return { ok: false, why: 'busy' };
  const said = (await response.json().catch(() => ({}))) as { needs?: string; error?: string; text?: string };
  if (said.needs === 'totp') return { ok: false, why: said.error === 'code' ? 'code' : 'needsCode' };
  return { ok: false, why: said.error === 'app-password' ? 'appPassword' : 'wrong', ...(said.text ? { text: said.text } : {}) };
}

export async function signOut(): Promise<void> {
  await post('/session/end', {});
}
