import { describe, expect, test } from 'vitest';
import { Client } from '../src/jmap/client';
import { MethodError, OfflineError, RequestError, SignedOutError } from '../src/jmap/errors';
import { chunks } from '../src/jmap/limits';
import { here } from '../src/jmap/session';
import { fill } from '../src/jmap/transfer';
import type { GetAnswer, ListEmail, QueryAnswer, Session } from '../src/jmap/types';
import { run, session as sessionOf } from './fake/server.mjs';
import { household } from './fake/store.mjs';

type Request = { using: string[]; methodCalls: [string, Record<string, unknown>, string][] };

function setUp(limits: Record<string, number> = {}, answer?: (request: Request, nth: number) => Response | Promise<Response> | null) {
  const account = household();
  const session = sessionOf('alice@example.test') as unknown as Session;
  session.capabilities['urn:ietf:params:jmap:core'] = { ...session.capabilities['urn:ietf:params:jmap:core'], ...limits };
  const requests: Request[] = [],
    waits: number[] = [];
  let inFlight = 0,
    most = 0;
  const client = new Client(
    session,
    async (_, init) => {
      const request = JSON.parse(String(init.body)) as Request;
      requests.push(request);
      most = Math.max(most, ++inFlight);
      await new Promise(go => setTimeout(go, 1));
      inFlight--;
      return (await answer?.(request, requests.length)) ?? new Response(JSON.stringify(run(account, request as never)), { status: 200 });
    },
    async ms => {
      waits.push(ms);
    },
  );
  return { account, client, requests, waits, most: () => most };
}

const problem = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

describe('batching', () => {
  test('calls of one moment share a request', async () => {
    const { client, requests } = setUp();
    const [a, b] = await Promise.all([
      client.call<GetAnswer<object>>('Mailbox/get', { ids: null }),
      client.call<GetAnswer<object>>('Identity/get', { ids: null }),
    ]);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.using.sort()).toEqual([
      'urn:ietf:params:jmap:core',
      'urn:ietf:params:jmap:mail',
      'urn:ietf:params:jmap:submission',
    ]);
    expect(a.list.length).toBeGreaterThan(5);
    expect(b.list).toHaveLength(2);
  });

  test('a request has no more calls than the server takes, and a batch is never torn', async () => {
    const { client, requests } = setUp({ maxCallsInRequest: 4 });
    const three = () =>
      client.batch(b => {
        const query = b.call<QueryAnswer>('Email/query', { limit: 2 });
        b.call('Email/get', { '#ids': query.ref('/ids'), properties: ['subject'] });
        return b.call('Mailbox/get', { ids: [] }).answer;
      });
    await Promise.all([three(), three(), client.call('Mailbox/get', { ids: [] })]);
    expect(requests.map(r => r.methodCalls.length)).toEqual([3, 4]);
  });

  test('no more requests at once than the server takes', async () => {
    const { client, requests, most } = setUp({ maxConcurrentRequests: 2, maxCallsInRequest: 1 });
    await Promise.all(Array.from({ length: 9 }, () => client.call('Mailbox/get', { ids: [] })));
    expect(requests).toHaveLength(9);
    expect(most()).toBe(2);
  });

  test('a request stays below the octets that the server takes', async () => {
    const { client, requests } = setUp({ maxSizeRequest: 1000 });
    await Promise.all(Array.from({ length: 4 }, () => client.call('Core/echo', { text: 'x'.repeat(300) })));
    expect(requests).toHaveLength(4);
  });
});

describe('references', () => {
  test('a later call takes what an earlier one answered', async () => {
    const { client } = setUp();
    const rows = await client.batch(b => {
      const query = b.call<QueryAnswer>('Email/query', {
        filter: { hasKeyword: '$flagged' },
        sort: [{ property: 'receivedAt' }],
        limit: 3,
      });
      const get = b.call<GetAnswer<ListEmail>>('Email/get', { '#ids': query.ref('/ids'), properties: ['threadId'] });
      return b.call<GetAnswer<{ id: string; emailIds: string[] }>>('Thread/get', { '#ids': get.ref('/list/*/threadId') }).answer;
    });
    expect(rows.list).toHaveLength(3);
    expect(rows.list[0]!.emailIds).toHaveLength(1);
  });

  test('the account is filled in', async () => {
    const { client, requests } = setUp();
    await client.call('Mailbox/get', { ids: [] });
    expect(requests[0]!.methodCalls[0]![1]).toEqual({ accountId: 'a1', ids: [] });
  });
});

describe('what goes wrong', () => {
  test('an error of a method is its call’s alone', async () => {
    const { client } = setUp();
    const good = client.call('Mailbox/get', { ids: [] });
    const bad = client.call('Email/changes', { sinceState: 'nonsense' });
    await expect(good).resolves.toMatchObject({ list: [] });
    await expect(bad).rejects.toMatchObject({ type: 'cannotCalculateChanges', method: 'Email/changes' } satisfies Partial<MethodError>);
  });

  test('a call that has no response is a failure of the server', async () => {
    const { client } = setUp({}, () => new Response('{"methodResponses":[]}'));
    await expect(client.call('Mailbox/get', {})).rejects.toMatchObject({ type: 'serverFail' });
  });

  test('what is refused for the moment is asked again, changes too, after the time that is named', async () => {
    const { client, requests, waits } = setUp({}, (_, nth) => (nth < 3 ? problem(503, {}, { 'Retry-After': '2' }) : null));
    await client.call('Email/set', { update: {} });
    expect(requests).toHaveLength(3);
    expect(waits).toEqual([2000, 2000]);
  });

  test('too many requests at once is waited out', async () => {
    const { client, requests } = setUp({}, (_, nth) =>
      nth === 1 ? problem(400, { type: 'urn:ietf:params:jmap:error:limit', limit: 'maxConcurrentRequests' }) : null,
    );
    await client.call('Mailbox/get', { ids: [] });
    expect(requests).toHaveLength(2);
  });

  test('other limits are not hammered on', async () => {
    const { client, requests } = setUp({}, () => problem(400, { type: 'urn:ietf:params:jmap:error:limit', limit: 'maxSizeRequest' }));
    await expect(client.call('Mailbox/get', {})).rejects.toBeInstanceOf(RequestError);
    expect(requests).toHaveLength(1);
  });

  test('a broken line: what reads is asked again, what changes is not, since it may have arrived', async () => {
    const reads = setUp({}, (_, nth) => {
      if (nth < 3) throw new TypeError('network');
      return null;
    });
    await reads.client.call('Mailbox/get', { ids: [] });
    expect(reads.requests).toHaveLength(3);
    const writes = setUp({}, () => {
      throw new TypeError('network');
    });
    await expect(writes.client.call('Email/set', {})).rejects.toBeInstanceOf(OfflineError);
    expect(writes.requests).toHaveLength(1);
  });

  test('the end of the session is heard', async () => {
    const { client } = setUp({}, () => problem(401, {}));
    let heard = 0;
    client.onSignedOut = () => {
      heard++;
    };
    await expect(client.call('Mailbox/get', {})).rejects.toBeInstanceOf(SignedOutError);
    expect(heard).toBe(1);
  });
});

test('steps are never larger than the server takes', () => {
  expect([...chunks([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect(setUp({ maxObjectsInSet: 1, maxObjectsInGet: 100_000 }).client.limits).toMatchObject({ maxObjectsInSet: 1, maxObjectsInGet: 500 });
});

test('what is filled into an address is escaped', () => {
  expect(
    fill('/d/{accountId}/{blobId}/{name}?type={type}', { accountId: 'a', blobId: 'b/../c', name: 'ü & ?.pdf', type: 'text/html' }),
  ).toBe('/d/a/b%2F..%2Fc/%C3%BC%20%26%20%3F.pdf?type=text%2Fhtml');
});

test('the session is used under the name that the page came by', () => {
  const session = here({
    ...(sessionOf('a') as unknown as Session),
    apiUrl: 'https://mail.example.org/jmap/api',
    downloadUrl: 'https://mail.example.org:8443/d/{blobId}',
  });
  expect(session.apiUrl).toBe('/jmap/api');
  expect(session.downloadUrl).toBe('/d/{blobId}');
});
