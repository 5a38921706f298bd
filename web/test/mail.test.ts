import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Client } from '../src/jmap/client';
import type { Id, Session } from '../src/jmap/types';
import { Actions } from '../src/mail/actions';
import { EmailList } from '../src/mail/list';
import { applyPatch, effect, inverse, moving } from '../src/mail/patch';
import { MailStore } from '../src/mail/store';
import { notices, undo } from '../src/mail/undo';
import { run, session as sessionOf } from './fake/server.mjs';
import { household } from './fake/store.mjs';

type Fail = (names: string[]) => Response | null;

async function setUp(limits: Record<string, number> = {}) {
  const account = household();
  const session = sessionOf('alice@example.test') as unknown as Session;
  session.capabilities['urn:ietf:params:jmap:core'] = { ...session.capabilities['urn:ietf:params:jmap:core'], ...limits };
  const line: { fail: Fail; requests: [string, Record<string, unknown>][] } = { fail: () => null, requests: [] };
  const client = new Client(
    session,
    async (_, init) => {
      const request = JSON.parse(String(init.body)) as { methodCalls: [string, Record<string, unknown>, string][] };
      line.requests.push(...request.methodCalls.map(c => [c[0], c[1]] as [string, Record<string, unknown>]));
      return line.fail(request.methodCalls.map(c => c[0])) ?? new Response(JSON.stringify(run(account, request as never)));
    },
    async () => {},
  );
  const store = new MailStore(client);
  await store.open();
  const inbox = store.byRole('inbox')!.id;
  const query = { filter: { inMailbox: inbox }, sort: [{ property: 'receivedAt', isAscending: false }], collapseThreads: true };
  const list = new EmailList(store, query);
  const here = () =>
    [...account.emails.values()]
      .filter(e => e.mailboxIds[inbox])
      .map(e => e.id as Id)
      .sort();
  return { account, client, store, list, inbox, query, actions: new Actions(store), line, here };
}

const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 200 && !what(); i++) await new Promise(go => setTimeout(go, 2));
  expect(what()).toBe(true);
};
const loaded = async (list: EmailList): Promise<void> => {
  list.want(0, 30);
  await until(() => list.total.value !== null);
};

beforeEach(() => {
  notices.value = [];
});

describe('patches', () => {
  const email = { id: 'e', mailboxIds: { a: true as const }, keywords: { $seen: true as const } };
  test('only what changes something is sent, and taken back exactly', () => {
    const patch = effect(email, {
      'keywords/$seen': true,
      'keywords/$flagged': true,
      'mailboxIds/a': null,
      'mailboxIds/b': true,
      'mailboxIds/c': null,
    });
    expect(patch).toEqual({ 'keywords/$flagged': true, 'mailboxIds/a': null, 'mailboxIds/b': true });
    expect(applyPatch(applyPatch(email, patch), inverse(patch))).toEqual(email);
  });
  test('a move leaves other mailboxes alone, a move out of everywhere does not', () => {
    const both = { ...email, mailboxIds: { a: true as const, b: true as const } };
    expect(moving(both, 'a', 'c')).toEqual({ 'mailboxIds/a': null, 'mailboxIds/c': true });
    expect(moving(both, null, 'b')).toEqual({ 'mailboxIds/a': null, 'mailboxIds/b': true });
  });
});

describe('lists', () => {
  test('windows are fetched when they come into sight, with their conversations', async () => {
    const { list, store } = await setUp();
    await loaded(list);
    expect(list.ids.value.slice(0, 50).every(Boolean)).toBe(true);
    expect(list.ids.value[120]).toBeUndefined();
    list.want(115, 130);
    await until(() => list.ids.value[120] !== undefined);
    const row = store.email(list.ids.value[1]!).value!;
    expect(store.thread(row.threadId).value).toHaveLength(3);
  });

  test('new mail comes in above, what is scrolled to stays', async () => {
    const { account, list, store, inbox } = await setUp();
    await loaded(list);
    list.want(100, 120);
    await until(() => list.ids.value[110] !== undefined);
    const seen = list.ids.value[110];
    account.email({ mailboxes: [inbox], from: [{ name: null, email: 'x@y' }], to: [], subject: 'new' } as never);
    await store.sync();
    await list.refresh();
    expect(list.ids.value[111]).toBe(seen);
    expect(list.moved.value).toBe(1);
    expect(store.email(list.ids.value[0]!).value?.subject).toBe('new');
  });

  test('a server that cannot say what changed is asked for what is in sight', async () => {
    const { account, list, store, line, inbox } = await setUp();
    await loaded(list);
    line.fail = names =>
      names.includes('Email/queryChanges')
        ? new Response(JSON.stringify({ methodResponses: [['error', { type: 'cannotCalculateChanges' }, 'c0']] }))
        : null;
    account.email({ mailboxes: [inbox], from: null, to: [], subject: 'new' } as never);
    await store.sync();
    await list.refresh();
    expect(store.email(list.ids.value[0]!).value?.subject).toBe('new');
  });

  test('a broken line says so and heals', async () => {
    const { list, line } = await setUp();
    line.fail = () => {
      throw new TypeError('offline');
    };
    list.want(0, 30);
    await until(() => list.error.value !== null);
    line.fail = () => null;
    await list.refresh();
    await until(() => list.total.value !== null);
    expect(list.error.value).toBeNull();
  });
});

describe('acts', () => {
  const some = (list: EmailList) => list.ids.value.slice(3, 6) as Id[];
  type Scene = Awaited<ReturnType<typeof setUp>>;
  const acts: [string, (s: Scene, ids: Id[]) => Promise<void>][] = [
    ['archive', (s, ids) => s.actions.archive({ ids }, s.inbox)],
    ['delete', (s, ids) => s.actions.trash({ ids })],
    ['junk', (s, ids) => s.actions.junk({ ids }, true)],
    [
      'move',
      (s, ids) =>
        s.actions.move(
          { ids },
          s.inbox,
          [...s.store.mailboxes.value.values()].find(m => m.name === 'Bills')!,
        ),
    ],
    ['star', (s, ids) => s.actions.setKeyword({ ids }, '$flagged', true)],
    ['unread', (s, ids) => s.actions.setKeyword({ ids }, '$seen', false)],
  ];
  const picture = (s: Scene) =>
    JSON.stringify([...s.account.emails.values()].map(e => [e.id, Object.keys(e.mailboxIds).sort(), Object.keys(e.keywords).sort()]));

  test.each(acts)('%s is done, and undone without a trace', async (_, act) => {
    const s = await setUp();
    await loaded(s.list);
    const before = picture(s);
    await act(s, some(s.list));
    expect(picture(s)).not.toBe(before);
    await undo();
    expect(picture(s)).toBe(before);
  });

  test.each(acts)('%s in steps of one, when the server takes no more', async (_, act) => {
    const s = await setUp({ maxObjectsInSet: 1, maxObjectsInGet: 1 });
    s.list.want(0, 30);
    await s.store.rows([...s.account.emails.keys()].slice(-6) as Id[]);
    const ids = s.here().slice(-3),
      before = picture(s);
    await act(s, ids);
    expect(picture(s)).not.toBe(before);
    for (const [name, args] of s.line.requests) if (name === 'Email/set') expect(Object.keys(args['update'] as object).length).toBe(1);
    await undo();
    expect(picture(s)).toBe(before);
  });

  test.each(acts)('%s while offline changes nothing here or there, and says so', async (_, act) => {
    const s = await setUp();
    await loaded(s.list);
    const before = picture(s),
      ids = some(s.list),
      rows = JSON.stringify(ids.map(id => s.store.email(id).value));
    s.line.fail = names => {
      if (names.includes('Email/set')) throw new TypeError('offline');
      return null;
    };
    await act(s, ids);
    expect(picture(s)).toBe(before);
    expect(JSON.stringify(ids.map(id => s.store.email(id).value))).toBe(rows);
    expect(notices.value.some(n => n.kind === 'trouble')).toBe(true);
  });

  test.each(acts)('%s through a server that is busy for a moment', async (_, act) => {
    const s = await setUp();
    await loaded(s.list);
    const before = picture(s);
    let refused = 0;
    s.line.fail = names => (names.includes('Email/set') && refused++ < 2 ? new Response('{}', { status: 503 }) : null);
    await act(s, some(s.list));
    expect(refused).toBe(3);
    await undo();
    expect(picture(s)).toBe(before);
  });

  test.each([
    ['trash', 'delete'],
    ['archive', 'archive'],
    ['junk', 'junk'],
  ])('without a mailbox for %s one is made, subscribed', async (role, name) => {
    const s = await setUp();
    const missing = [...s.account.mailboxes.values()].find(m => m.role === role)!;
    for (const e of s.account.emails.values()) delete e.mailboxIds[missing.id];
    s.account.mailboxes.delete(missing.id);
    await s.store.open();
    await loaded(s.list);
    const ids = some(s.list);
    await acts.find(a => a[0] === name)![1](s, ids);
    const made = [...s.account.mailboxes.values()].find(m => m.role === role)!;
    expect(made.isSubscribed).toBe(true);
    for (const id of ids) expect(s.account.emails.get(id).mailboxIds).toEqual({ [made.id]: true });
  });

  test('without a trash, and none to be had, nothing is deleted', async () => {
    const s = await setUp();
    const trash = [...s.account.mailboxes.values()].find(m => m.role === 'trash')!;
    s.account.mailboxes.delete(trash.id);
    await s.store.open();
    await loaded(s.list);
    const before = picture(s);
    s.line.fail = names =>
      names.includes('Mailbox/set') ? new Response(JSON.stringify({ methodResponses: [['error', { type: 'forbidden' }, 'c0']] })) : null;
    await s.actions.trash({ ids: some(s.list) });
    expect(picture(s)).toBe(before);
    expect(notices.value.at(-1)?.kind).toBe('trouble');
  });

  test('a whole result, beyond what was seen, in steps, and back', async () => {
    const s = await setUp({ maxObjectsInSet: 50 });
    await loaded(s.list);
    const before = picture(s),
      all = s.here();
    await s.actions.archive({ query: s.query, count: all.length }, s.inbox);
    expect(s.here()).toEqual([]);
    await undo();
    expect(picture(s)).toBe(before);
  });

  test('a line that breaks in the middle of many keeps what was done undoable', async () => {
    const s = await setUp({ maxObjectsInSet: 50 });
    await loaded(s.list);
    const before = picture(s),
      all = s.here().length;
    let sets = 0;
    s.line.fail = names => {
      if (names.includes('Email/set') && ++sets > 3) throw new TypeError('offline');
      return null;
    };
    await s.actions.archive({ query: s.query, count: all }, s.inbox);
    expect(s.here().length).toBe(all - 150);
    s.line.fail = () => null;
    await undo();
    expect(picture(s)).toBe(before);
  });

  test('what is destroyed waits, and a page that is closed meanwhile destroys nothing', async () => {
    vi.useFakeTimers();
    try {
      const s = await setUp();
      const ids = s.here().slice(0, 2);
      await s.actions.destroy({ ids }, () => {});
      await vi.advanceTimersByTimeAsync(9_000);
      expect(ids.every(id => s.account.emails.has(id))).toBe(true);
      await undo();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(ids.every(id => s.account.emails.has(id))).toBe(true);
      await s.actions.destroy({ ids }, () => {});
      await vi.advanceTimersByTimeAsync(11_000);
      expect(ids.some(id => s.account.emails.has(id))).toBe(false);
      // Too late is not too late: the server keeps it a while.
      await undo();
      expect(ids.every(id => s.account.emails.has(id))).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
