// Who one may write as.
import { signal } from '@preact/signals';
import type { Client } from '../jmap/client';
import type { GetAnswer, Identity } from '../jmap/types';

export const identities = signal<readonly Identity[]>([]);
let asked: Promise<void> | null = null;

export function askIdentities(client: Client): Promise<void> {
  asked ??= client.call<GetAnswer<Identity>>('Identity/get', { ids: null }).then(
    answer => {
      identities.value = answer.list;
    },
    () => {
      asked = null;
    },
  );
  return asked;
}
