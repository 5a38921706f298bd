// What the settings ask of a server: identities, the vacation reply (RFC 8621 §8), scripts (RFC 9661), and the own account (docs/web-api.md).

const fail = (type, description, properties) => {
  throw Object.assign(new Error(type), { type, description, properties });
};

export const capabilities = {
  'urn:ietf:params:jmap:vacationresponse': {},
  'urn:ietf:params:jmap:sieve': {},
};
export const sieve = {
  maxSizeScriptName: 128,
  maxSizeScript: 65536,
  maxNumberScripts: 16,
  maxNumberRedirects: 4,
  sieveExtensions: ['fileinto', 'imap4flags', 'copy', 'mailboxid', 'comparator-i;unicode-casemap'],
  notificationMethods: null,
  externalLists: null,
};

const stateOf = a => {
  a.scripts ??= new Map();
  a.vacation ??= { id: 'singleton', isEnabled: false, fromDate: null, toDate: null, subject: null, textBody: null, htmlBody: null };
  return a;
};

/** The server's word on a script: here only one mistake is known. */
function complaint(a, blobId) {
  const text = a.blobs.get(blobId)?.octets.toString('utf8') ?? fail('blobNotFound');
  const line = text.split('\n').findIndex(one => one.includes('nonsense'));
  return line < 0 ? null : { type: 'invalidSieve', description: `${line + 1}:1: unknown command nonsense` };
}

function write(a, id, value) {
  const error = complaint(a, value.blobId ?? a.scripts.get(id)?.blobId);
  if (error) fail(error.type, error.description);
  if ([...a.scripts.values()].some(s => s.id !== id && s.name === value.name)) fail('alreadyExists');
  a.scripts.set(id, { id, isActive: false, ...a.scripts.get(id), ...value });
  a.note('SieveScript', id, 'updated');
}

export const methodsOf = ({ set, get, pick }) => ({
  'Identity/set': (a, args) =>
    set(a, 'Identity', a.identities, args, {
      create: v => {
        if (!v.email.endsWith('@example.test')) fail('forbiddenFrom', `this account may not send as ${v.email}`);
        const id = a.id('i');
        a.identities.set(id, { id, name: '', replyTo: null, bcc: null, textSignature: '', htmlSignature: '', ...v, mayDelete: true });
        a.note('Identity', id, 'created');
        return { id, mayDelete: true };
      },
      update: (id, patch) => {
        if ((patch.name ?? '').length > 500) fail('invalidProperties', 'longer than 500 characters', ['name']);
        Object.assign(a.identities.get(id), patch);
        a.note('Identity', id, 'updated');
      },
      destroy: id => {
        if (a.identities.get(id).mayDelete === false) fail('forbidden', "the identity of the account's own address stays");
        a.identities.delete(id);
        a.note('Identity', id, 'destroyed');
      },
    }),
  'VacationResponse/get': a => ({ accountId: 'a1', state: String(a.state), list: [stateOf(a).vacation], notFound: [] }),
  'VacationResponse/set': (a, args) =>
    set(a, 'VacationResponse', new Map([['singleton', stateOf(a).vacation]]), args, {
      create: () => fail('singleton'),
      update: (_, patch) => {
        a.vacation = { ...a.vacation, ...patch };
        a.note('VacationResponse', 'singleton', 'updated');
      },
      destroy: () => fail('singleton'),
    }),
  'SieveScript/get': (a, args) => get(a, stateOf(a).scripts, args, pick),
  'SieveScript/validate': (a, args) => ({ accountId: 'a1', error: complaint(a, args.blobId) }),
  'SieveScript/set': (a, args) => {
    const out = set(a, 'SieveScript', stateOf(a).scripts, args, {
      create: v => {
        const id = a.id('s');
        write(a, id, v);
        return { id, isActive: false };
      },
      update: (id, patch) => write(a, id, patch),
      destroy: id => {
        if (a.scripts.get(id).isActive) fail('sieveIsActive');
        a.scripts.delete(id);
        a.note('SieveScript', id, 'destroyed');
      },
    });
    const clean = [out.notCreated, out.notUpdated, out.notDestroyed].every(o => Object.keys(o).length === 0);
    const active = args.onSuccessActivateScript;
    if (clean && (active || args.onSuccessDeactivateScript)) {
      const id = active?.startsWith('#') ? out.created[active.slice(1)].id : active;
      for (const one of a.scripts.values()) one.isActive = one.id === id;
    }
    return out;
  },
});

/** A page of the own account; undefined: none of these. The password is "right", the code 123456. */
export function page(a, path, body) {
  const own = (a.own ??= {
    totp: 'off',
    passwords: [],
    passkeys: [{ id: 'k1', name: 'Laptop', created: '2026-10-01T10:00:00+00:00', lastUsed: '2026-11-29T08:00:00+00:00', synced: true }],
    devices: [
      {
        id: 'd1',
        device: 'Chromium on Linux',
        how: 'password',
        created: '2026-11-30T01:00:00+00:00',
        lastSeen: '2026-11-30T01:15:00+00:00',
        from: '127.0.0.1',
        stays: true,
        isThis: true,
      },
      {
        id: 'd2',
        device: 'Firefox on Android',
        how: 'passkey',
        created: '2026-11-20T01:00:00+00:00',
        lastSeen: '2026-11-28T01:15:00+00:00',
        from: '192.0.2.7',
        stays: true,
        isThis: false,
      },
    ],
  });
  const proved = () => {
    if (body.password !== 'right') return [401, { error: 'refused', text: 'that was not right' }];
    if (own.totp === 'on' && body.totp !== '123456')
      return [401, { needs: 'totp', ...(body.totp || body.recovery ? { error: 'code', text: 'wait' } : {}) }];
    return null;
  };
  const rows = {
    '/account': () => [
      200,
      { address: a.user, ownPassword: true, totp: own.totp, totpSince: '2026-11-30T01:00:00+00:00', recoveryCodesLeft: 10 },
    ],
    '/account/password': () => proved() ?? [200, {}],
    '/account/totp/begin': () => {
      const no = proved();
      if (no) return no;
      own.totp = 'waiting';
      const qr = Array.from({ length: 33 }, (_, y) =>
        Array.from({ length: 33 }, (_, x) => ((x * 7 + y * 13 + x * y) % 3 === 0 ? '1' : '0')).join(''),
      );
      return [
        200,
        {
          uri: 'otpauth://totp/Aviso:alice@example.test?secret=ABC',
          secret: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
          recoveryCodes: Array.from({ length: 10 }, (_, i) => `abcd-efgh-${1000 + i}`),
          qr,
        },
      ];
    },
    '/account/totp/confirm': () => {
      if (body.code !== '123456') return [422, { error: 'code', text: 'that is not the code of now' }];
      own.totp = 'on';
      return [200, {}];
    },
    '/account/totp/remove': () => {
      const no = proved();
      if (!no) own.totp = 'off';
      return no ?? [200, {}];
    },
    '/account/app-passwords': () => {
      if (!body) return [200, own.passwords];
      if (own.passwords.some(p => p.name === body.name && p.state === 'active'))
        return [422, { error: 'wish', text: 'there is one of this name' }];
      const made = {
        account: a.user,
        id: a.id('p'),
        name: body.name,
        state: 'active',
        scope: (body.protocols ?? []).join(', '),
        created: '2026-11-30T01:00:00+00:00',
        lastUsedFrom: '',
        failingBecause: '',
        scram: true,
      };
      own.passwords.push(made);
      return [200, { ...made, password: 'abcd efgh ijkl mnop' }];
    },
    '/account/app-passwords/revoke': () => {
      const one = own.passwords.find(p => p.id === body.id);
      if (!one) return [404, { error: 'unknown', text: 'there is no such app password' }];
      one.state = 'revoked';
      return [200, {}];
    },
    '/account/passkeys': () => {
      if (!body) return [200, own.passkeys];
      own.passkeys.push({ id: a.id('k'), name: body.name, created: '2026-11-30T01:00:00+00:00', synced: false });
      return [200, {}];
    },
    '/account/passkeys/options': () => [200, { challenge: 'AAAA' }],
    '/account/passkeys/remove': () => {
      own.passkeys = own.passkeys.filter(k => k.id !== body.id);
      return [200, {}];
    },
    '/session/devices': () => {
      if (!body) return [200, own.devices];
      own.devices = own.devices.filter(d => (body.end === 'all' ? false : body.end === 'others' ? d.isThis : d.id !== body.end));
      return [200, {}];
    },
    '/session/history': () => [
      200,
      [
        {
          at: '2026-11-30T01:15:00+00:00',
          ok: true,
          how: 'password',
          from: '127.0.0.1',
          device: 'Chromium on Linux',
          problem: '',
          count: 1,
        },
        {
          at: '2026-11-29T22:15:00+00:00',
          ok: false,
          how: 'password',
          from: '198.51.100.9',
          device: 'curl',
          problem: 'wrong password, or too many were wrong before',
          count: 12,
        },
      ],
    ],
  };
  return rows[path]?.();
}
