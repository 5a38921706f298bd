// The reply of who is away (RFC 8621 §8): from the server's record to the form and back.
import { signal } from '@preact/signals';
import type { Client } from '../jmap/client';
import { RecordError } from '../jmap/errors';
import type { GetAnswer, SetAnswer } from '../jmap/types';

export const vacationCapability = 'urn:ietf:params:jmap:vacationresponse';

export interface Vacation {
  id: string;
  isEnabled: boolean;
  fromDate: string | null;
  toDate: string | null;
  subject: string | null;
  textBody: string | null;
  htmlBody: string | null;
}

/** What is known of it; null: not asked yet, or there is none. */
export const vacation = signal<Vacation | null>(null);

export async function askVacation(client: Client): Promise<Vacation> {
  const answer = await client.call<GetAnswer<Vacation>>('VacationResponse/get', { ids: ['singleton'] });
  const one = answer.list[0];
  if (!one) throw new RecordError({ type: 'notFound' });
  vacation.value = one;
  return one;
}

export async function setVacation(client: Client, patch: Partial<Vacation>): Promise<void> {
  const answer = await client.call<SetAnswer<Vacation>>('VacationResponse/set', { update: { singleton: patch } });
  const error = answer.notUpdated?.['singleton'];
  if (error) throw new RecordError(error);
  if (vacation.peek()) vacation.value = { ...vacation.peek()!, ...patch };
}

/** Does it answer at this moment. */
export const isAnswering = (one: Vacation | null, now: number = Date.now()): boolean =>
  one !== null &&
  one.isEnabled &&
  (one.fromDate === null || Date.parse(one.fromDate) <= now) &&
  (one.toDate === null || Date.parse(one.toDate) > now);
