// Address books and cards (RFC 9610) of an account in memory.
import { randomUUID } from 'node:crypto';

const fail = (type, description, properties) => {
  throw Object.assign(new Error(type), { type, description, properties });
};

export const capability = 'urn:ietf:params:jmap:contacts';

const stateOf = a => {
  a.cards ??= new Map();
  return a.cards;
};

/** Puts a card into the address book, without a word to anybody. */
export function card(a, more) {
  const id = a.id('c');
  stateOf(a).set(id, { id, addressBookIds: { b1: true }, '@type': 'Card', version: '1.0', uid: `urn:uuid:${randomUUID()}`, ...more });
  return id;
}

function checked(a, id, value) {
  if ([...stateOf(a).values()].some(one => one.id !== id && one.uid === value.uid))
    fail('invalidProperties', 'uid: another card has it', ['uid']);
  for (const one of Object.values(value.emails ?? {})) if (!one.address) fail('invalidProperties', 'address: empty', ['emails']);
  if (value.members && value.kind !== 'group') fail('invalidProperties', 'members: no group', ['members']);
  if (a.mostCards && !stateOf(a).has(id) && stateOf(a).size >= a.mostCards) fail('overQuota', `there are ${a.mostCards} cards`);
  return value;
}

// What a client wrote into the card as a data: URI comes back as a blob (RFC 9610 §3).
function withBlobs(a, value) {
  if (!value.media) return value;
  const media = Object.entries(value.media).map(([key, one]) => {
    const data = /^data:([^;,]*);base64,(.*)$/s.exec(one.uri ?? '');
    if (!data) return [key, one];
    const { uri: _, ...rest } = one;
    return [key, { ...rest, blobId: a.blob(Buffer.from(data[2], 'base64'), data[1]), mediaType: data[1] }];
  });
  return { ...value, media: Object.fromEntries(media) };
}

export const contactMethods = ({ set, get, changes }) => ({
  'AddressBook/get': a => ({
    accountId: 'a1',
    state: '1',
    list: [{ id: 'b1', name: 'Contacts', isDefault: true, isSubscribed: true, sortOrder: 0 }],
    notFound: [],
    user: a.user,
  }),
  'ContactCard/get': (a, args) =>
    get(a, stateOf(a), args, (one, names) =>
      names ? Object.fromEntries(Object.entries(one).filter(([name]) => name === 'id' || names.includes(name))) : one,
    ),
  'ContactCard/changes': (a, args) => changes(a, 'ContactCard', args),
  'ContactCard/query': (a, { position = 0, limit = 10_000 }) => ({
    accountId: 'a1',
    queryState: String(a.state),
    canCalculateChanges: true,
    position,
    ids: [...stateOf(a).keys()].slice(position, position + limit),
  }),
  'ContactCard/set': (a, args) =>
    set(a, 'ContactCard', stateOf(a), args, {
      create: v => {
        const id = a.id('c');
        stateOf(a).set(id, withBlobs(a, checked(a, id, { uid: `urn:uuid:${randomUUID()}`, ...v, id })));
        a.note('ContactCard', id, 'created');
        return { id };
      },
      update: (id, patch) => {
        const next = { ...stateOf(a).get(id) };
        for (const [name, value] of Object.entries(patch)) {
          if (name.includes('/')) fail('invalidPatch');
          if (value === null) delete next[name];
          else next[name] = value;
        }
        stateOf(a).set(id, withBlobs(a, checked(a, id, next)));
        a.note('ContactCard', id, 'updated');
      },
      destroy: id => {
        stateOf(a).delete(id);
        a.note('ContactCard', id, 'destroyed');
      },
    }),
});
