import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeBcc, changeText } from '../src/compose/signature';
import { bg } from '../src/i18n/settings-bg';
import { de } from '../src/i18n/settings-de';
import { en } from '../src/i18n/settings-en';
import { loadWords } from '../src/i18n/settings';
import type { Plural } from '../src/i18n';
import { Client } from '../src/jmap/client';
import { OfflineError, RecordError, RequestError, SignedOutError } from '../src/jmap/errors';
import type { Identity, Mailbox, Session } from '../src/jmap/types';
import { isAnswering, type Vacation } from '../src/list/away';
import { Actions } from '../src/mail/actions';
import { MailStore } from '../src/mail/store';
import { ApiError, ask } from '../src/settings/api';
import { allowed, emptyForm, wishOf } from '../src/settings/safety/app-password';
import { anyDirty, draftOf, dropDraft, isDirty } from '../src/settings/drafts';
import { placesFor, removeFolder, saveFolder, subscribe } from '../src/settings/folder';
import { formOf, identityOf, readIdentities, removeIdentity, saveIdentity } from '../src/settings/identity';
import { worthy } from '../src/settings/notify';
import { newOwner, secondStep } from '../src/settings/safety/owner';
import { addPasskey } from '../src/settings/safety/passkeys';
import { changePassword } from '../src/settings/safety/password';
import { pathOfQr } from '../src/settings/safety/qr';
import { sievePath, tidy } from '../src/settings/rules/rule-editor';
import { judgeRule, meansOf, readBlock, withRules, writeBlock, type Rule } from '../src/settings/rules/rules';
import { rangeOf } from '../src/settings/rules/script-editor';
import { activate, lineOf, readScripts, removeScript } from '../src/settings/rules/sieve';
import { formOf as awayFormOf, patchOf } from '../src/settings/vacation';
import { FieldError, newWork, troublesOf } from '../src/settings/work';
import type { View } from '../src/app/mailbox-view';
import { signal } from '@preact/signals';
import { run, session as sessionOf } from './fake/server.mjs';
import { page } from './fake/settings.mjs';
import { household } from './fake/store.mjs';

function setUp() {
  const account = household();
  const client = new Client(
    sessionOf('alice@example.test') as unknown as Session,
    async (_, init) => new Response(JSON.stringify(run(account, JSON.parse(String(init.body))))),
    async () => {},
  );
  const said: [string, unknown][] = [];
  globalThis.fetch = (async (path: string, init?: RequestInit) => {
    const body = init?.body ? JSON.parse(String(init.body)) : null;
    said.push([path, body]);
    const [status, value] = page(account, path, body) as [number, unknown];
    return new Response(JSON.stringify(value), { status });
  }) as typeof fetch;
  return { account, client, said };
}

const fails = async (run: () => unknown): Promise<FieldError> => {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(FieldError);
    return error as FieldError;
  }
  throw new Error('nothing was wrong');
};

beforeAll(() => loadWords('en'));

describe('words', () => {
  const values = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]!).sort();
  const forms = (message: string | Plural): string[] => (typeof message === 'string' ? [message] : Object.values(message));
  test.each([
    ['de', de],
    ['bg', bg],
  ] as const)('%s says all of the settings, with the same values in it', (name, words) => {
    expect(Object.keys(words)).toEqual(Object.keys(en));
    for (const [key, message] of Object.entries(en)) {
      const other = words[key as keyof typeof en] as string | Plural;
      expect(typeof other, key).toBe(typeof message);
      for (const form of forms(other)) {
        expect(form.trim(), key).not.toBe('');
        expect(values(form), key).toEqual(values(forms(message).at(-1)!));
      }
      if (typeof other !== 'string')
        for (const rule of new Intl.PluralRules(name).resolvedOptions().pluralCategories) expect(other, key).toHaveProperty(rule);
    }
  });
});

describe('what is asked of the account', () => {
  const answer = (status: number, value: unknown) =>
    (async () => new Response(JSON.stringify(value), { status })) as unknown as typeof fetch;
  test('each refusal is told apart', async () => {
    const { client } = setUp();
    let out = 0;
    client.onSignedOut = () => {
      out++;
    };
    await expect(ask(client, '/x', undefined, answer(401, { error: 'signed-out' }))).rejects.toBeInstanceOf(SignedOutError);
    expect(out).toBe(1);
    await expect(ask(client, '/x', undefined, answer(401, { needs: 'totp' }))).rejects.toMatchObject({ needs: 'totp' });
    await expect(ask(client, '/x', undefined, answer(503, { error: 'busy' }))).rejects.toBeInstanceOf(RequestError);
    await expect(ask(client, '/x', undefined, answer(422, { error: 'new', text: 'why' }))).rejects.toMatchObject({
      word: 'new',
      message: 'why',
    });
    const off = (async () => {
      throw new TypeError();
    }) as unknown as typeof fetch;
    await expect(ask(client, '/x', undefined, off)).rejects.toBeInstanceOf(OfflineError);
    expect(out).toBe(1);
  });
  test('what is wrong stands beside its field, a lost line beside none', () => {
    expect(troublesOf(new FieldError('name', 'no'))).toEqual({ name: 'no' });
    expect(troublesOf(new RecordError({ type: 'invalidProperties', properties: ['bcc'], description: 'why' }))).toEqual({ bcc: 'why' });
    expect(troublesOf(new OfflineError())['']).toMatch(/No connection/);
    expect(troublesOf(new ApiError(403, 'app-password', 'x'))['']).toMatch(/app password/);
  });
  test('one thing at a time', async () => {
    const work = newWork();
    let go!: () => void;
    const first = work.run(() => new Promise<void>(done => (go = done)));
    expect(await work.run(async () => {})).toBe(false);
    go();
    expect(await first).toBe(true);
    expect(await work.run(async () => Promise.reject(new FieldError('a', 'b')))).toBe(false);
    expect(work.troubles.value).toEqual({ a: 'b' });
    expect(work.busy.value).toBe(false);
  });
});

test('what is typed outlives the page it stands on', () => {
  const one = draftOf('k', { text: 'a' });
  expect(isDirty('k')).toBe(false);
  one.value = { text: 'ab' };
  expect(draftOf('k', { text: 'other' }).value.text).toBe('ab');
  expect([isDirty('k'), anyDirty()]).toEqual([true, true]);
  dropDraft('k');
  expect(draftOf('k', { text: 'other' }).value.text).toBe('other');
  dropDraft('k');
  expect(anyDirty()).toBe(false);
});

describe('identities', () => {
  const form = { ...formOf(null), name: ' Alice ', email: 'alice@example.test' };
  test('addresses that are none are said beside their field', async () => {
    expect((await fails(() => identityOf({ ...form, email: '' }))).field).toBe('email');
    expect((await fails(() => identityOf({ ...form, bcc: 'ok@example.test, not one' }))).field).toBe('bcc');
    expect((await fails(() => identityOf({ ...form, replyTo: 'x@' }))).field).toBe('replyTo');
    expect(identityOf({ ...form, replyTo: 'Bob <bob@example.test>' }).replyTo).toEqual([{ name: 'Bob', email: 'bob@example.test' }]);
    expect(identityOf({ ...form, email: '*@example.test' }).email).toBe('*@example.test');
  });
  test('a plain signature has no other form, and an emptied one none', () => {
    expect(identityOf({ ...form, text: 'A\n', html: '<b>A</b>', rich: false })).toMatchObject({ textSignature: 'A', htmlSignature: '' });
    expect(identityOf({ ...form, text: ' \n', html: '<div><br></div>', rich: true })).toMatchObject({
      textSignature: '',
      htmlSignature: '',
    });
  });
  test('made, changed in what differs, removed', async () => {
    const { client, account } = setUp();
    const id = await saveIdentity(client, null, { ...form, text: 'Yours' });
    const made = (await readIdentities(client)).find(i => i.id === id)!;
    expect(made).toMatchObject({ name: 'Alice', textSignature: 'Yours', htmlSignature: '' });
    await saveIdentity(client, made, { ...formOf(made), name: 'Al' });
    expect(account.identities.get(id)).toMatchObject({ name: 'Al', textSignature: 'Yours' });
    expect((await fails(() => saveIdentity(client, null, { ...form, email: 'x@elsewhere.test' }))).field).toBe('email');
    const long = await saveIdentity(client, made, { ...formOf(made), name: 'x'.repeat(501) }).catch(e => e);
    expect(Object.keys(troublesOf(long))).toEqual(['name']);
    await removeIdentity(client, id);
    expect((await readIdentities(client)).some(i => i.id === id)).toBe(false);
  });
});

describe('signatures in a letter', () => {
  test.each([
    ['', '', 'New', '\n\n-- \nNew'],
    ['Hello', '', 'New', 'Hello\n\n-- \nNew'],
    ['Hello\n\n-- \nOld', 'Old', 'New', 'Hello\n\n-- \nNew'],
    ['Hello\n\n-- \nOld\n\nB wrote:\n> a', 'Old', 'New', 'Hello\n\n-- \nNew\n\nB wrote:\n> a'],
    ['Hello\n\nB wrote:\n> a', '', 'New', 'Hello\n\n-- \nNew\n\nB wrote:\n> a'],
    ['---------- Forwarded ----------\nx', '', 'New', '-- \nNew\n\n---------- Forwarded ----------\nx'],
    ['Hello\n\n-- \nOld\n\nB wrote:\n> a', 'Old', '', 'Hello\n\nB wrote:\n> a'],
    ['Hello\n\n-- \nOld, and more', 'Old', 'New', 'Hello\n\n-- \nOld, and more'],
  ])('%j: %j becomes %j', (text, before, after, then) => expect(changeText(text, before, after)).toBe(then));
  test('copies of the one before go, others stay', () => {
    const one = (bcc: string[]) => ({ bcc: bcc.map(email => ({ name: null, email })) }) as Identity;
    const list = [
      { name: null, email: 'a@x' },
      { name: null, email: 'b@x' },
    ];
    expect(changeBcc(list, one(['A@x']), one(['c@x'])).map(a => a.email)).toEqual(['b@x', 'c@x']);
    expect(changeBcc(list, one(['a@x']), one(['a@x'])).map(a => a.email)).toEqual(['a@x', 'b@x']);
  });
});

describe('safety', () => {
  const owner = (password: string, code = '') => newOwner(signal(password), signal(code), signal(code !== ''));
  test('a code of the app has digits, what else is typed is a recovery code', () => {
    expect(secondStep('123 456')).toEqual({ totp: '123456' });
    expect(secondStep(' abcd-efgh ')).toEqual({ recovery: 'abcd-efgh' });
    expect(secondStep('')).toEqual({});
  });
  test('a new password is looked at before the old one is sent', async () => {
    const { client, said } = setUp();
    expect((await fails(() => changePassword(client, owner('right'), 'short', 'short'))).field).toBe('new');
    expect((await fails(() => changePassword(client, owner('right'), 'long enough', 'long enougH'))).field).toBe('again');
    expect((await fails(() => changePassword(client, owner(''), 'long enough', 'long enough'))).field).toBe('password');
    expect(said).toEqual([]);
    expect((await fails(() => changePassword(client, owner('wrong'), 'long enough', 'long enough'))).field).toBe('password');
    await changePassword(client, owner('right'), 'long enough', 'long enough');
    expect(said.at(-1)).toEqual(['/account/password', { password: 'right', new: 'long enough' }]);
  });
  test('the second step is asked for when the server wants it, and again when it was wrong', async () => {
    const { client, account } = setUp();
    await ask(client, '/account/totp/begin', { password: 'right' });
    await ask(client, '/account/totp/confirm', { code: '123456' });
    expect((account as unknown as { own: { totp: string } }).own.totp).toBe('on');
    const one = owner('right');
    const first = await fails(() => one.prove(proof => ask(client, '/account/totp/remove', proof)));
    expect([first.field, one.wantsCode.value]).toEqual(['code', true]);
    one.code.value = '000000';
    const second = await fails(() => one.prove(proof => ask(client, '/account/totp/remove', proof)));
    expect(second.message).not.toBe(first.message);
    one.code.value = '123456';
    await one.prove(proof => ask(client, '/account/totp/remove', proof));
    expect((account as unknown as { own: { totp: string } }).own.totp).toBe('off');
  });
  test('a picture of squares', () => expect(pathOfQr(['011', '100'])).toBe('M1 0h2v1h-2zM0 1h1v1h-1z'));
  test('a passkey is named, made by the browser, and taken by the server', async () => {
    const { client, said } = setUp();
    expect((await fails(() => addPasskey(client, ' '))).field).toBe('name');
    const made = { toJSON: () => ({ id: 'x', response: { clientDataJSON: 'AA', attestationObject: 'BB', transports: [] } }) };
    await addPasskey(client, 'Phone', async () => made as unknown as Credential);
    expect(said.at(-1)).toEqual([
      '/account/passkeys',
      { name: 'Phone', credential: { response: { clientDataJSON: 'AA', attestationObject: 'BB' } } },
    ]);
    const again = Object.assign(new Error(), { name: 'InvalidStateError' });
    expect((await fails(() => addPasskey(client, 'Phone', async () => Promise.reject(again)))).message).toMatch(/already/);
    expect((await fails(() => addPasskey(client, 'Phone', async () => null))).field).toBe('');
  });
  test('an app password is for what it may be for', async () => {
    const now = new Date('2026-11-30T12:00:00Z');
    expect((await fails(() => wishOf(emptyForm, now))).field).toBe('name');
    expect((await fails(() => wishOf({ ...emptyForm, name: 'a', protocols: [] }, now))).field).toBe('protocols');
    expect((await fails(() => wishOf({ ...emptyForm, name: 'a', expires: '2026-11-30' }, now))).field).toBe('expires');
    expect(wishOf({ ...emptyForm, name: ' phone ', expires: '2027-01-31' }, now)).toEqual({
      name: 'phone',
      protocols: ['imap', 'submission'],
      expires: '2027-01-31',
    });
    expect((await fails(() => wishOf({ ...emptyForm, name: 'a', sendAs: 'me@example.test, you' }, now))).field).toBe('sendAs');
    expect((await fails(() => wishOf({ ...emptyForm, name: 'a', networks: '2001:db8::/32, nowhere' }, now))).field).toBe('networks');
    expect((await fails(() => wishOf({ ...emptyForm, name: 'a' }, now, ['a']))).field).toBe('name');
    expect(wishOf({ ...emptyForm, name: 'a', networks: '192.0.2.0/24, ::1', sendAs: '@example.test' }, now)).toMatchObject({
      networks: ['192.0.2.0/24', '::1'],
    });
    const reading = { ...emptyForm, name: 'a', access: 'readOnly' as const, sendAs: 'b@example.test' };
    expect(allowed(reading, 'submission')).toBe(false);
    expect(wishOf(reading, now)).toEqual({ name: 'a', protocols: ['imap'], readOnly: true });
    const some = { ...emptyForm, name: 'a', protocols: ['imap', 'webmail'] as const, mailboxes: 'Archive*, Boat' };
    expect(wishOf(some, now)).toEqual({ name: 'a', protocols: ['imap'], mailboxes: ['Archive*', 'Boat'] });
  });
});

describe('vacation', () => {
  const off: Vacation = { id: 'singleton', isEnabled: false, fromDate: null, toDate: null, subject: null, textBody: null, htmlBody: null };
  test('days are whole days here, and the last one belongs to it', async () => {
    const patch = patchOf(off, { on: true, from: '2026-12-24', to: '2026-12-31', subject: '', text: 'Away' });
    expect(patch).toEqual({
      isEnabled: true,
      fromDate: new Date(2026, 11, 24).toISOString().replace('.000', ''),
      toDate: new Date(2027, 0, 1).toISOString().replace('.000', ''),
      textBody: 'Away',
      htmlBody: null,
    });
    const now = { ...off, ...patch };
    expect(awayFormOf(now)).toEqual({ on: true, from: '2026-12-24', to: '2026-12-31', subject: '', text: 'Away' });
    expect(patchOf(now, awayFormOf(now))).toEqual({});
    expect(isAnswering(now, +new Date(2026, 11, 31, 23, 59))).toBe(true);
    expect(isAnswering(now, +new Date(2027, 0, 1))).toBe(false);
    expect(isAnswering(now, +new Date(2026, 11, 23))).toBe(false);
    expect(isAnswering({ ...now, isEnabled: false }, +new Date(2026, 11, 30))).toBe(false);
  });
  test('what makes no sense is said', async () => {
    const form = { on: true, from: '2026-12-24', to: '2026-12-23', subject: '', text: 'Away' };
    expect((await fails(() => patchOf(off, form))).field).toBe('to');
    expect((await fails(() => patchOf(off, { ...form, to: '', text: ' ' }))).field).toBe('text');
    expect(patchOf(off, { ...form, on: false, from: '', to: '', text: '' })).toEqual({});
  });
});

describe('rules', () => {
  const all = { fold: true, mailboxId: true };
  const boat: Rule = {
    name: 'Boat',
    all: false,
    tests: [
      { field: 'subject', how: 'contains', value: 'a "boat" \\ лодка' },
      { field: 'from', how: 'is', value: 'bob@example.test' },
      { field: 'list', how: 'not', value: 'x' },
    ],
    move: { id: 'm7', path: 'Work/Boat' },
    read: true,
    label: 'boat',
    forward: 'carol@example.test',
    stop: true,
  };
  test('a rule as commands', () => {
    expect(
      writeBlock([boat], all)
        .split('\n')
        .slice(1)
        .filter(l => !l.startsWith('# rule')),
    ).toEqual([
      'require ["comparator-i;unicode-casemap", "imap4flags", "copy", "fileinto", "mailboxid"];',
      'if anyof (header :contains :comparator "i;unicode-casemap" "subject" "a \\"boat\\" \\\\ лодка", address :is :comparator "i;unicode-casemap" "from" "bob@example.test", not header :contains :comparator "i;unicode-casemap" "list-id" "x") {',
      '    redirect :copy "carol@example.test";',
      '    fileinto :flags ["\\\\Seen", "boat"] :mailboxid "m7" "Work/Boat";',
      '    stop;',
      '}',
      '# <<< rules of the webmail',
    ]);
    expect(writeBlock([{ ...boat, off: true }], all)).not.toMatch(/^if/m);
    expect(writeBlock([], all)).toBe('');
    expect(meansOf(new Set(['mailboxid']))).toEqual({ fold: false, mailboxId: true });
  });
  test.each([
    '',
    'keep;\n',
    'keep;',
    '# mine\nrequire ["fileinto"]; # here\n\nrequire "copy";\nif true { fileinto "a"; }\n',
    'require ["fileinto"];\r\nkeep;\r\n',
    '/* require "x"; */\n',
    'require [\n  # why "a";\n  "fileinto"\n];',
  ])('all else in the script %j is left as it is', script => {
    const with_ = withRules(script, [boat], all);
    const read = readBlock(with_);
    expect(read.rules).toEqual([boat]);
    expect(with_.replace(/\r\n/g, '\n')).toContain(writeBlock([boat], all));
    expect(withRules(with_, [boat, { ...boat, name: 'Other' }], all)).toBe(withRules(script, [boat, { ...boat, name: 'Other' }], all));
    // Only an end of line before the block is added, where one was missing.
    expect([script, `${script}\n`]).toContain(withRules(with_, [], all));
    // What a script requires stands before all else.
    const body = with_.replace(/\/\*[\s\S]*?\*\/|#[^\n]*/g, '');
    expect(body.lastIndexOf('require')).toBeLessThan(body.indexOf('if anyof'));
  });
  test('what was changed by hand is not understood, and not touched', () => {
    const script = withRules('keep;\n', [boat], all);
    const changed = script.replace('stop;', 'keep; stop;');
    expect(readBlock(changed).rules).toBeNull();
    expect(readBlock(script.replace('# <<<', '#')).isThere).toBe(false);
    expect(readBlock(script.replace('{"name"', '{name')).rules).toBeNull();
  });
  test('a rule whose name has an end of line stays one line', () => {
    const odd = { ...boat, name: 'a\u2028b' };
    expect(writeBlock([odd], all).split(/\u2028/)).toHaveLength(1);
  });
  test('what is missing is said beside its field', async () => {
    const field = async (with_: Partial<Rule>) => (await fails(() => judgeRule(tidy({ ...boat, ...with_ })))).field;
    expect(await field({ tests: [] })).toBe('tests');
    expect(await field({ tests: [boat.tests[0]!, { field: 'to', how: 'is', value: ' ' }] })).toBe('test 1');
    expect(await field({ label: 'two words' })).toBe('label');
    expect(await field({ label: 'етикет' })).toBe('label');
    expect(await field({ forward: 'nobody' })).toBe('forward');
    expect(await field({ move: null, read: undefined, label: '', forward: '', stop: false } as never)).toBe('move');
    judgeRule(tidy(boat));
    expect(tidy({ ...boat, discard: true, move: null })).not.toHaveProperty('label');
  });
  test('folders have the name that scripts know', () => {
    const box = (id: string, name: string, parentId: string | null, role: Mailbox['role'] = null) =>
      ({ id, name, parentId, role }) as Mailbox;
    const boxes = new Map(
      [box('1', 'Inbox', null, 'inbox'), box('2', 'Work', null), box('3', 'Boat', '2'), box('4', 'x', '1')].map(m => [m.id, m]),
    );
    expect([...boxes.values()].map(m => sievePath(m, boxes))).toEqual(['INBOX', 'Work', 'Work/Boat', 'INBOX/x']);
  });
});

describe('scripts', () => {
  test('the line that a complaint names', () => {
    expect(lineOf('3:7: text')).toBe(3);
    expect(lineOf('there is something on line 12')).toBe(12);
    expect(lineOf('a script has at most 100 octets')).toBeNull();
    expect(lineOf(undefined)).toBeNull();
    expect(rangeOf('ab\ncd\ne', 2)).toEqual([3, 5]);
    expect(rangeOf('ab', 9)).toEqual([0, 2]);
  });
  test('one is active at most, and that one is not removed', async () => {
    const { client, account } = setUp();
    const blobId = account.blob('keep;', 'application/sieve');
    const made = await client.call<{ created: Record<string, { id: string }> }>('SieveScript/set', {
      create: { a: { name: 'a', blobId }, b: { name: 'b', blobId } },
    });
    const [a, b] = [made.created['a']!.id, made.created['b']!.id];
    await activate(client, a);
    await activate(client, b);
    expect((await readScripts(client)).list.map(s => s.isActive)).toEqual([false, true]);
    await expect(removeScript(client, b)).rejects.toBeInstanceOf(RecordError);
    await activate(client, null);
    await removeScript(client, b);
    expect((await readScripts(client)).list.map(s => s.name)).toEqual(['a']);
  });
});

describe('folders', () => {
  let view: View, account: ReturnType<typeof setUp>['account'];
  beforeEach(async () => {
    const made = setUp();
    account = made.account;
    const store = new MailStore(made.client);
    await store.open();
    view = { client: made.client, store, actions: new Actions(store) } as unknown as View;
  });
  const named = (name: string) => [...view.store.mailboxes.value.values()].find(m => m.name === name);
  test('made, renamed, shown to others', async () => {
    const id = await saveFolder(view, null, { name: ' Boats ', parentId: null });
    expect(named('Boats')?.id).toBe(id);
    await saveFolder(view, named('Boats')!, { name: 'Ships', parentId: null });
    await subscribe(view, named('Ships')!, false);
    expect(named('Ships')).toMatchObject({ id, isSubscribed: false });
    expect((await fails(() => saveFolder(view, null, { name: '', parentId: null }))).field).toBe('name');
  });
  test('one that is removed gives its letters to the trash, and has them again when that is undone', async () => {
    const id = await saveFolder(view, null, { name: 'Boats', parentId: null });
    const inbox = view.store.byRole('inbox')!.id;
    const [a, b] = [...account.emails.values()].filter(e => e.mailboxIds[inbox]);
    a.mailboxIds = { [id]: true };
    b.mailboxIds = { [id]: true, [inbox]: true };
    const back = await removeFolder(view, named('Boats')!);
    const trash = view.store.byRole('trash')!.id;
    expect(named('Boats')).toBeUndefined();
    expect([a.mailboxIds, b.mailboxIds]).toEqual([{ [trash]: true }, { [inbox]: true }]);
    await back();
    const again = named('Boats')!.id;
    expect([a.mailboxIds, b.mailboxIds]).toEqual([{ [again]: true }, { [inbox]: true, [again]: true }]);
  });
  test('one with folders in it stays', async () => {
    const id = await saveFolder(view, null, { name: 'Boats', parentId: null });
    await saveFolder(view, null, { name: 'Small', parentId: id });
    expect((await fails(() => removeFolder(view, named('Boats')!))).field).toBe('');
    expect(named('Boats')).toBeDefined();
    expect(
      [...view.store.mailboxes.value.values()].filter(placesFor(named('Boats')!, view.store.mailboxes.value)).map(m => m.name),
    ).not.toContain('Small');
  });
});

test('worth a word is what is unread, in the inbox and of now', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  const email = (id: string, more: object) =>
    ({ id, mailboxIds: { in: true }, keywords: {}, receivedAt: '2026-11-30T11:59:00Z', ...more }) as never;
  const list = [
    email('yes', {}),
    email('seen', { keywords: { $seen: true } }),
    email('draft', { keywords: { $draft: true } }),
    email('elsewhere', { mailboxIds: { junk: true } }),
    email('old', { receivedAt: '2026-11-29T11:59:00Z' }),
    null,
  ];
  expect(worthy(list, 'in', now).map(e => e.id)).toEqual(['yes']);
  expect(worthy(list, undefined, now)).toEqual([]);
});
