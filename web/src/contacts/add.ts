// "Add to contacts" in a message.
import type { View } from '../app/mailbox-view';
import { loadWords } from '../i18n/contacts';
import type { EmailAddress } from '../jmap/types';
import { nameOf } from '../mail/people';
import { addPerson } from './acts';
import { cardOf } from './edit';

export async function addSender(view: View, from: EmailAddress): Promise<void> {
  await loadWords();
  // A name that looks like another address is not taken for one.
  const name = nameOf(from);
  await addPerson(view, cardOf(name === from.email ? null : name, from.email), from.email);
}
