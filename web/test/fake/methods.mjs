// The methods of RFC 8621 that the client uses, over an account in memory.
import { contactMethods } from './contacts.mjs';
import { methodsOf } from './settings.mjs';

const fail = (type, description) => {
  throw Object.assign(new Error(type), { type, description });
};
const pick = (object, names) =>
  names ? Object.fromEntries(['id', ...names.filter(n => n !== 'id')].map(n => [n, object[n] ?? null])) : object;

export const limits = {
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 4,
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 8,
  maxCallsInRequest: 16,
  maxObjectsInGet: 500,
  maxObjectsInSet: 500,
  collationAlgorithms: [],
};

function get(account, all, { ids, properties }, write) {
  if (ids && ids.length > limits.maxObjectsInGet) fail('requestTooLarge');
  const wanted = ids ?? [...all.keys()];
  const list = [...new Set(wanted)].filter(id => all.has(id)).map(id => write(all.get(id), properties));
  return { accountId: 'a1', state: String(account.state), list, notFound: wanted.filter(id => !all.has(id)) };
}

// One log for the account: a record is created, updated or gone since a state (RFC 8620 §5.2).
function changes(account, type, { sinceState, maxChanges }) {
  const since = Number(sinceState);
  if (!Number.isInteger(since) || (account.log.length > 0 && since < account.log[0].state - 1) || since > account.state)
    fail('cannotCalculateChanges');
  const seen = new Map();
  let newState = account.state,
    hasMoreChanges = false;
  for (const entry of account.log) {
    if (entry.state <= since || entry.type !== type) continue;
    if (maxChanges && seen.size >= maxChanges && !seen.has(entry.id)) {
      newState = entry.state - 1;
      hasMoreChanges = true;
      break;
    }
    const before = seen.get(entry.id);
    if (entry.what === 'destroyed' && before === 'created') seen.delete(entry.id);
    else if (!(entry.what === 'updated' && before)) seen.set(entry.id, entry.what);
  }
  const of = what => [...seen].filter(([, w]) => w === what).map(([id]) => id);
  return {
    accountId: 'a1',
    oldState: sinceState,
    newState: String(newState),
    hasMoreChanges,
    created: of('created'),
    updated: of('updated'),
    destroyed: of('destroyed'),
  };
}

const people = list =>
  (list ?? [])
    .map(p => `${p.name ?? ''} ${p.email}`)
    .join(' ')
    .toLowerCase();

function matches(email, filter) {
  if (!filter) return true;
  if (filter.operator) {
    const each = filter.conditions.map(c => matches(email, c));
    return filter.operator === 'AND' ? each.every(Boolean) : filter.operator === 'OR' ? each.some(Boolean) : !each.some(Boolean);
  }
  const text = Object.values(email.bodyValues)
    .map(v => v.value)
    .join(' ')
    .toLowerCase();
  const tests = {
    inMailbox: v => email.mailboxIds[v] === true,
    inMailboxOtherThan: v => Object.keys(email.mailboxIds).some(m => !v.includes(m)),
    before: v => email.receivedAt < v,
    after: v => email.receivedAt >= v,
    minSize: v => email.size >= v,
    maxSize: v => email.size < v,
    hasKeyword: v => email.keywords[v] === true,
    notKeyword: v => email.keywords[v] !== true,
    hasAttachment: v => email.hasAttachment === v,
    from: v => people(email.from).includes(v.toLowerCase()),
    to: v => people(email.to).includes(v.toLowerCase()),
    cc: v => people(email.cc).includes(v.toLowerCase()),
    subject: v => (email.subject ?? '').toLowerCase().includes(v.toLowerCase()),
    body: v => text.includes(v.toLowerCase()),
    text: v => `${people(email.from)} ${people(email.to)} ${(email.subject ?? '').toLowerCase()} ${text}`.includes(v.toLowerCase()),
  };
  return Object.entries(filter).every(([name, value]) => (tests[name] ?? fail('unsupportedFilter', name))(value));
}

function results(account, { filter, collapseThreads }) {
  const found = [...account.emails.values()]
    .filter(e => matches(e, filter))
    .sort((a, b) => b.receivedAt.localeCompare(a.receivedAt) || a.id.localeCompare(b.id));
  if (!collapseThreads) return found.map(e => e.id);
  const seen = new Set();
  return found.filter(e => !seen.has(e.threadId) && seen.add(e.threadId)).map(e => e.id);
}

// What a query answered at a state is remembered, so that queryChanges is exact.
const remembered = account => (account.queries ??= new Map());
const keyOf = args => JSON.stringify([args.filter ?? null, args.collapseThreads ?? false]);

function query(account, args) {
  const key = `${keyOf(args)} ${account.state}`;
  const all = remembered(account).get(key) ?? results(account, args);
  remembered(account).set(key, all);
  const position = args.anchor
    ? Math.max(0, all.indexOf(args.anchor) + (args.anchorOffset ?? 0))
    : args.position < 0
      ? Math.max(0, all.length + args.position)
      : (args.position ?? 0);
  return {
    accountId: 'a1',
    queryState: String(account.state),
    canCalculateChanges: true,
    position,
    ids: all.slice(position, position + Math.min(args.limit ?? 256, 5000)),
    ...(args.calculateTotal ? { total: all.length } : {}),
  };
}

function queryChanges(account, args) {
  const before = remembered(account).get(`${keyOf(args)} ${args.sinceQueryState}`) ?? fail('cannotCalculateChanges');
  const after = results(account, args);
  remembered(account).set(`${keyOf(args)} ${account.state}`, after);
  const [old, fresh] = [new Set(before), new Set(after)];
  return {
    accountId: 'a1',
    oldQueryState: args.sinceQueryState,
    newQueryState: String(account.state),
    total: after.length,
    removed: before.filter(id => !fresh.has(id)),
    added: after.map((id, index) => ({ id, index })).filter(x => !old.has(x.id)),
  };
}

function writeEmail(email, properties, args) {
  const out = pick({ ...email, 'header:Delivered-To:asText:all': email.deliveredTo ? [email.deliveredTo] : [] }, properties);
  if (out.bodyValues) {
    const most = args.maxBodyValueBytes || Infinity;
    out.bodyValues = Object.fromEntries(
      Object.entries(email.bodyValues).map(([id, v]) => [
        id,
        v.value.length > most ? { ...v, value: v.value.slice(0, most), isTruncated: true } : v,
      ]),
    );
  }
  return out;
}

function createEmail(account, create) {
  const value = id => create.bodyValues?.[id]?.value ?? '';
  const text = create.textBody ? value(create.textBody[0].partId) : '',
    html = create.htmlBody ? value(create.htmlBody[0].partId) : null;
  const attachments = (create.attachments ?? []).map(p => ({
    partId: null,
    charset: null,
    size: account.blobs.get(p.blobId)?.octets.length ?? fail('blobNotFound'),
    cid: null,
    name: null,
    ...p,
  }));
  const parent = create.inReplyTo && [...account.emails.values()].find(e => e.messageId?.[0] === create.inReplyTo[0]);
  return account.email({
    ...create,
    mailboxes: Object.keys(create.mailboxIds ?? fail('invalidProperties')),
    text,
    html,
    attachments,
    thread: parent?.threadId ?? null,
  });
}

function patchEmail(account, id, patch) {
  const email = account.emails.get(id);
  const touched = new Set(Object.keys(email.mailboxIds));
  for (const [path, value] of Object.entries(patch)) {
    const [where, ...rest] = path.split('/');
    const name = rest.join('/').replace(/~1/g, '/').replace(/~0/g, '~');
    if (rest.length === 0) email[where] = { ...value };
    else if (value === null) delete email[where][name];
    else email[where][name] = value;
  }
  for (const m of Object.keys(email.mailboxIds)) touched.add(m);
  account.note('Email', id, 'updated');
  for (const m of touched) account.note('Mailbox', m, 'updated');
}

function set(account, type, all, args, { create, update, destroy }) {
  const size = Object.keys(args.create ?? {}).length + Object.keys(args.update ?? {}).length + (args.destroy ?? []).length;
  if (size > limits.maxObjectsInSet) fail('requestTooLarge');
  if (args.ifInState !== undefined && args.ifInState !== String(account.state)) fail('stateMismatch');
  const out = {
    accountId: 'a1',
    oldState: String(account.state),
    created: {},
    updated: {},
    destroyed: [],
    notCreated: {},
    notUpdated: {},
    notDestroyed: {},
  };
  const attempt = (into, key, run) => {
    try {
      return run();
    } catch (error) {
      if (!error.type) throw error;
      out[into][key] = { type: error.type, description: error.description, properties: error.properties };
    }
  };
  for (const [key, value] of Object.entries(args.create ?? {}))
    attempt('notCreated', key, () => {
      out.created[key] = create(value);
    });
  for (const [id, patch] of Object.entries(args.update ?? {}))
    attempt('notUpdated', id, () => {
      if (!all.has(id)) fail('notFound');
      update(id, patch);
      out.updated[id] = null;
    });
  for (const id of args.destroy ?? [])
    attempt('notDestroyed', id, () => {
      if (!all.has(id)) fail('notFound');
      destroy(id);
      out.destroyed.push(id);
    });
  return { ...out, newState: String(account.state) };
}

const rights = Object.fromEntries(
  [
    'mayReadItems',
    'mayAddItems',
    'mayRemoveItems',
    'maySetSeen',
    'maySetKeywords',
    'mayCreateChild',
    'mayRename',
    'mayDelete',
    'maySubmit',
  ].map(r => [r, true]),
);

export const methods = {
  ...methodsOf({ set, get, pick }),
  ...contactMethods({ set, get, changes }),
  'Core/echo': (_, args) => args,
  'Mailbox/get': (a, args) => get(a, a.mailboxes, args, (m, p) => pick({ ...m, ...a.counts(m.id), myRights: rights }, p)),
  'Mailbox/changes': (a, args) => ({ ...changes(a, 'Mailbox', args), updatedProperties: null }),
  'Mailbox/set': (a, args) =>
    set(a, 'Mailbox', a.mailboxes, args, {
      create: v => ({ id: a.mailbox(v.name, v.role ?? null, v.parentId ?? null, v.sortOrder ?? 0) }),
      update: (id, patch) => {
        Object.assign(a.mailboxes.get(id), patch);
        a.note('Mailbox', id, 'updated');
      },
      destroy: id => {
        a.mailboxes.delete(id);
        a.note('Mailbox', id, 'destroyed');
      },
    }),
  'Thread/get': (a, args) => {
    const ids = [...new Set(args.ids)];
    return {
      accountId: 'a1',
      state: String(a.state),
      list: ids.map(id => ({ id, emailIds: a.thread(id) })).filter(t => t.emailIds.length > 0),
      notFound: [],
    };
  },
  'Email/get': (a, args) => get(a, a.emails, args, (e, p) => writeEmail(e, p, args)),
  'Email/changes': (a, args) => changes(a, 'Email', args),
  'Email/query': query,
  'Email/queryChanges': queryChanges,
  'Email/set': (a, args) =>
    set(a, 'Email', a.emails, args, {
      create: v => {
        const id = createEmail(a, v);
        const e = a.emails.get(id);
        return { id, blobId: e.blobId, threadId: e.threadId, size: e.size };
      },
      update: (id, patch) => patchEmail(a, id, patch),
      destroy: id => {
        const e = a.emails.get(id);
        a.emails.delete(id);
        a.expunged.set(id, e);
        a.note('Email', id, 'destroyed');
        for (const m of Object.keys(e.mailboxIds)) a.note('Mailbox', m, 'updated');
      },
    }),
  'ExpungedEmail/get': (a, { ids }) => ({
    accountId: 'a1',
    state: String(a.state),
    list: [...a.expunged.values()]
      .filter(e => !ids || ids.includes(e.id))
      .map(e => ({ id: e.id, mailbox: 'Trash', expungedAt: new Date().toISOString(), from: e.from, subject: e.subject })),
    notFound: (ids ?? []).filter(id => !a.expunged.has(id)),
    hasMore: false,
  }),
  'ExpungedEmail/restore': (a, { ids }) => {
    const restored = {};
    for (const id of ids.filter(id => a.expunged.has(id))) {
      const e = a.expunged.get(id);
      a.expunged.delete(id);
      a.emails.set(id, e);
      a.note('Email', id, 'created');
      for (const m of Object.keys(e.mailboxIds)) a.note('Mailbox', m, 'updated');
      restored[id] = { mailboxId: Object.keys(e.mailboxIds)[0] };
    }
    return { accountId: 'a1', restored, notRestored: Object.fromEntries(ids.filter(id => !restored[id]).map(id => [id, { type: 'notFound' }])) };
  },
  'SearchSnippet/get': (a, args) => ({
    accountId: 'a1',
    list: args.emailIds.map(emailId => ({ emailId, subject: null, preview: null })),
    notFound: null,
  }),
  'Identity/get': (a, args) => get(a, a.identities, args, pick),
  'Quota/get': (a, args) => ({
    accountId: 'a1',
    state: '1',
    list: [
      { id: 'q', resourceType: 'octets', used: 1_913_000_000, hardLimit: 5_368_709_120, scope: 'account', name: 'Mail', types: ['Email'] },
    ],
    notFound: [],
    ids: args.ids,
  }),
  'EmailSubmission/set': (a, args) => {
    const out = set(a, 'EmailSubmission', a.submissions, args, {
      create: v => {
        if (!v.envelope?.rcptTo?.length) fail('noRecipients');
        if (v.envelope.rcptTo.some(r => r.email.startsWith('refused@'))) fail('forbiddenToSend', 'not to them');
        const id = a.id('s');
        a.submissions.set(id, { id, ...v, undoStatus: v.envelope.mailFrom.parameters?.HOLDFOR ? 'pending' : 'final' });
        return { id, undoStatus: a.submissions.get(id).undoStatus };
      },
      update: (id, patch) => {
        const s = a.submissions.get(id);
        if (s.undoStatus !== 'pending') fail('cannotUnsend');
        Object.assign(s, patch);
      },
      destroy: id => {
        a.submissions.delete(id);
      },
    });
    // RFC 8621 §7.5: an implicit Email/set follows.
    for (const [key, patch] of Object.entries(args.onSuccessUpdateEmail ?? {})) {
      const id = key.startsWith('#') ? out.created[key.slice(1)]?.id : key in out.updated ? key : null;
      if (id) patchEmail(a, a.submissions.get(id).emailId, patch);
    }
    return out;
  },
};
