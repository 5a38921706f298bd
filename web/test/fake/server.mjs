// A small JMAP server in memory (RFC 8620, 8621): for the tests of the client and for its dev loop. One account, any password but "wrong".
import { capability as contacts, card } from './contacts.mjs';
import { limits, methods } from './methods.mjs';
import { capabilities, page, sieve } from './settings.mjs';
import { household } from './store.mjs';

export const session = user => ({
  capabilities: {
    'urn:ietf:params:jmap:core': limits,
    'urn:ietf:params:jmap:mail': {},
    'urn:ietf:params:jmap:submission': {},
    'urn:ietf:params:jmap:quota': {},
    'urn:x-aviso:params:jmap:expunged': {},
    [contacts]: {},
    ...capabilities,
  },
  accounts: {
    a1: {
      name: user,
      isPersonal: true,
      isReadOnly: false,
      accountCapabilities: {
        'urn:ietf:params:jmap:mail': {},
        'urn:ietf:params:jmap:submission': { maxDelayedSend: 86400, submissionExtensions: { FUTURERELEASE: [] } },
        'urn:ietf:params:jmap:quota': {},
        'urn:x-aviso:params:jmap:expunged': { keptSeconds: 1_209_600 },
        'urn:ietf:params:jmap:sieve': sieve,
        [contacts]: { maxAddressBooksPerCard: null, mayCreateAddressBook: true },
      },
    },
  },
  primaryAccounts: {
    'urn:ietf:params:jmap:core': 'a1',
    'urn:ietf:params:jmap:mail': 'a1',
    'urn:ietf:params:jmap:submission': 'a1',
    'urn:ietf:params:jmap:quota': 'a1',
    [contacts]: 'a1',
  },
  username: user,
  apiUrl: '/jmap/api',
  downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?type={type}',
  uploadUrl: '/jmap/upload/{accountId}',
  eventSourceUrl: '/jmap/events?types={types}&closeafter={closeafter}&ping={ping}',
  state: '1',
});

/** RFC 8620 §3.7: a JSON pointer in which * maps over an array. */
export function resolve(value, path) {
  const steps = path
    .split('/')
    .slice(1)
    .map(s => s.replace(/~1/g, '/').replace(/~0/g, '~'));
  const walk = (at, rest) => {
    if (rest.length === 0) return at;
    const [step, ...more] = rest;
    if (step === '*') return at.flatMap(one => walk(one, more));
    if (at === null || at === undefined || !(step in Object(at))) throw Object.assign(new Error(), { type: 'invalidResultReference' });
    return walk(at[step], more);
  };
  return walk(value, steps);
}

/** Runs the calls of one request. */
export function run(account, { methodCalls }) {
  if (methodCalls.length > limits.maxCallsInRequest)
    return { problem: { status: 400, type: 'urn:ietf:params:jmap:error:limit', limit: 'maxCallsInRequest' } };
  const methodResponses = [];
  for (const [name, args, id] of methodCalls) {
    try {
      const method = methods[name];
      if (!method) throw Object.assign(new Error(), { type: 'unknownMethod' });
      const filled = {};
      for (const [key, value] of Object.entries(args)) {
        if (!key.startsWith('#')) {
          filled[key] = value;
          continue;
        }
        const from = methodResponses.find(r => r[2] === value.resultOf && r[0] === value.name);
        if (!from) throw Object.assign(new Error(), { type: 'invalidResultReference' });
        filled[key.slice(1)] = resolve(from[1], value.path);
      }
      methodResponses.push([name, method(account, filled), id]);
    } catch (error) {
      if (!error.type) throw error;
      methodResponses.push(['error', { type: error.type, description: error.description }, id]);
    }
  }
  return { methodResponses, sessionState: '1' };
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** Handles what is JMAP's or the session's, and passes on the rest. */
export function middleware(account = household()) {
  if (!account.cards) people(account);
  let signedIn = true;
  return async (request, response, next) => {
    const url = new URL(request.url, 'http://fake');
    const json = (status, value) => {
      response.statusCode = status;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(value));
    };
    if (url.pathname === '/session' && request.method === 'POST') {
      const { password } = JSON.parse(await bodyOf(request));
      signedIn = password !== 'wrong';
      return signedIn ? json(200, {}) : json(401, { error: 'refused', text: 'no' });
    }
    if (url.pathname === '/session')
      return signedIn
        ? json(200, {
            address: account.user,
            name: '',
            sessionUrl: '/.well-known/jmap',
            device: 'Test',
            stays: true,
            byAppPassword: false,
          })
        : json(401, { error: 'signed-out', text: '', signIn: { password: true, passkey: true } });
    if (url.pathname === '/session/end') {
      signedIn = false;
      return json(200, {});
    }
    if (/^\/(account|session)(\/|$)/.test(url.pathname)) {
      const [status, value] = page(account, url.pathname, request.method === 'POST' ? JSON.parse(await bodyOf(request)) : null) ?? [
        404,
        {},
      ];
      return json(status, value);
    }
    if (!/^\/(jmap|\.well-known\/jmap)/.test(url.pathname)) return next();
    if (!signedIn) return json(401, {});
    if (url.pathname === '/.well-known/jmap') return json(200, session(account.user));
    if (url.pathname === '/jmap/api') {
      const answer = run(account, JSON.parse(await bodyOf(request)));
      return answer.problem ? json(answer.problem.status, answer.problem) : json(200, answer);
    }
    if (url.pathname.startsWith('/jmap/upload/')) {
      const octets = await bodyOf(request),
        type = request.headers['content-type'] ?? 'application/octet-stream';
      return json(201, { accountId: 'a1', blobId: account.blob(octets, type), type, size: octets.length });
    }
    if (url.pathname.startsWith('/jmap/download/')) {
      const [, , , , id] = url.pathname.split('/');
      const blob = account.blobs.get(id);
      if (!blob) return json(404, {});
      response.setHeader('Content-Type', url.searchParams.get('type') ?? blob.type);
      response.setHeader('Content-Disposition', 'attachment');
      return response.end(blob.octets);
    }
    if (url.pathname === '/jmap/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      let soon = null;
      const heard = () => {
        soon ??= setTimeout(() => {
          soon = null;
          const s = String(account.state);
          response.write(
            `event: state\ndata: ${JSON.stringify({ '@type': 'StateChange', changed: { a1: { Email: s, Mailbox: s, Thread: s, ContactCard: s } } })}\n\n`,
          );
        }, 20);
      };
      account.listeners.add(heard);
      request.on('close', () => account.listeners.delete(heard));
      return response.write(': here\n\n');
    }
    return json(404, {});
  };
}

// Somebody to look at in the dev loop: with CONTACTS=N as many more.
function people(account) {
  const mia = card(account, {
    name: {
      components: [
        { kind: 'given', value: 'Mia' },
        { kind: 'surname', value: 'Hartmann' },
      ],
      full: 'Mia Hartmann',
    },
    organizations: { o: { name: 'Harbour Books', units: [{ name: 'Rare prints' }] } },
    titles: { t: { name: 'Buyer' } },
    emails: {
      e1: { address: 'mia@elsewhere.test', contexts: { private: true }, pref: 1 },
      e2: { address: 'mia.hartmann@harbour-books.test', contexts: { work: true } },
    },
    phones: {
      p1: { number: '+49 40 1234567', features: { mobile: true } },
      p2: { number: '+49 40 7654321', contexts: { work: true } },
    },
    addresses: {
      a1: {
        contexts: { private: true },
        components: [
          { kind: 'name', value: 'Am Kaiserkai 12' },
          { kind: 'postcode', value: '20457' },
          { kind: 'locality', value: 'Hamburg' },
          { kind: 'country', value: 'Germany' },
        ],
      },
    },
    anniversaries: { b: { kind: 'birth', date: { month: 4, day: 15 } } },
    links: { l: { uri: 'https://harbour-books.test/' } },
    notes: { n: { note: 'Met at the book fair.\nLikes sea charts.' } },
    'vendor.example:x': 1,
  });
  const bob = card(account, { name: { full: 'Bob Petrov' }, emails: { e: { address: 'bob@example.test' } } });
  card(account, {
    name: { full: 'Борис Иванов' },
    emails: { e: { address: 'boris@example.test' } },
    phones: { p: { number: '0888 123 456' } },
  });
  card(account, {
    name: { full: 'Wolfgang Amadeus Theophilus Johannes Chrysostomus Freiherr von und zu Hohenstein-Schillingsfürst der Jüngere' },
    emails: { e: { address: 'wolfgang.amadeus.theophilus.johannes.chrysostomus@a-very-long-domain-name.example.test' } },
  });
  card(account, { organizations: { o: { name: 'Zahnarztpraxis am Markt' } }, phones: { p: { number: '+49 40 55555' } } });
  card(account, {
    kind: 'group',
    name: { full: 'Book club' },
    members: { [account.cards.get(mia).uid]: true, [account.cards.get(bob).uid]: true },
  });
  for (let i = 0; i < Number(process.env.CONTACTS ?? 0); i++)
    card(account, { name: { full: `Person ${i}` }, emails: { e: { address: `person${i}@example.test` } } });
}
