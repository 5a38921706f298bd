// Scripts on the server (RFC 9661): read, checked, written, one of them active.
import type { Client } from '../../jmap/client';
import { MethodError, RecordError } from '../../jmap/errors';
import { download, upload } from '../../jmap/transfer';
import type { GetAnswer, Id, SetAnswer, SetError } from '../../jmap/types';
import { s } from '../../i18n/settings';
import { FieldError } from '../work';

export const sieveCapability = 'urn:ietf:params:jmap:sieve';

export interface Script {
  id: Id;
  name: string | null;
  blobId: Id;
  isActive: boolean;
}

export interface Scripts {
  state: string;
  list: Script[];
}

/** What the server's scripts may use (RFC 9661 §1.4). */
export function extensionsOf(client: Client): ReadonlySet<string> {
  const account = client.session.accounts[client.accountFor('SieveScript/get')];
  const said = account?.accountCapabilities[sieveCapability]?.['sieveExtensions'];
  return new Set(Array.isArray(said) ? (said as string[]) : []);
}

export async function readScripts(client: Client): Promise<Scripts> {
  const { state, list } = await client.call<GetAnswer<Script>>('SieveScript/get', { ids: null });
  return { state, list };
}

const type = 'application/sieve';

export const readText = async (client: Client, script: Script): Promise<string> =>
  new TextDecoder().decode(await download(client.session, script.blobId, type));

const put = async (client: Client, text: string): Promise<Id> =>
  (await upload(client.session, new Blob([text], { type }), () => {}).done).blobId;

/** What the server says against it; null: nothing. */
export async function check(client: Client, text: string): Promise<SetError | null> {
  const blobId = await put(client, text);
  return (await client.call<{ error: SetError | null }>('SieveScript/validate', { blobId })).error;
}

/** The line that a complaint is about: "3:7: …", "line 3: …"; null when it names none. */
export function lineOf(description: string | undefined): number | null {
  const found = /^(?:line )?(\d+):|\bline (\d+)/i.exec(description ?? '');
  return found ? Number(found[1] ?? found[2]) : null;
}

/** Writes a script, new or in place of what it was. */
export async function saveScript(
  client: Client,
  scripts: Scripts,
  script: Pick<Script, 'name'> & { id: Id | null },
  text: string,
  activate: boolean,
): Promise<Id> {
  const blobId = await put(client, text);
  const { id, name } = script;
  const answer = await set(client, {
    ifInState: scripts.state,
    ...(id ? { update: { [id]: { blobId, ...(name === null ? {} : { name }) } } } : { create: { s: { name, blobId } } }),
    ...(activate ? { onSuccessActivateScript: id ?? '#s' } : {}),
  });
  const error = id ? answer.notUpdated?.[id] : answer.notCreated?.['s'];
  if (error) throw error.type === 'invalidSieve' ? new FieldError('text', error.description ?? error.type) : named(error);
  return id ?? answer.created!['s']!.id;
}

export async function activate(client: Client, id: Id | null): Promise<void> {
  await set(client, id ? { onSuccessActivateScript: id } : { onSuccessDeactivateScript: true });
}

export async function removeScript(client: Client, id: Id): Promise<void> {
  const error = (await set(client, { destroy: [id] })).notDestroyed?.[id];
  if (error) throw new RecordError(error);
}

async function set(client: Client, args: Record<string, unknown>): Promise<SetAnswer<Script>> {
  try {
    return await client.call<SetAnswer<Script>>('SieveScript/set', args);
  } catch (error) {
    if (error instanceof MethodError && error.type === 'stateMismatch') throw new FieldError('', s('script.elsewhere'));
    throw error;
  }
}

const named = (error: SetError): Error =>
  error.type === 'alreadyExists' || error.properties?.includes('name')
    ? new FieldError('name', error.type === 'alreadyExists' ? s('script.nameTaken') : (error.description ?? error.type))
    : new RecordError(error);
