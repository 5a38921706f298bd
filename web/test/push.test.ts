import { expect, test, vi } from 'vitest';
import { Client } from '../src/jmap/client';
import { Push, type Source, type States } from '../src/jmap/push';
import type { Session } from '../src/jmap/types';
import { run, session as sessionOf } from './fake/server.mjs';
import { household } from './fake/store.mjs';

class FakeSource implements Source {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private heard: (event: { data: string }) => void = () => {};
  constructor(readonly url: string) {}
  addEventListener(_: string, heard: (event: { data: string }) => void): void {
    this.heard = heard;
  }
  say(data: unknown): void {
    this.heard({ data: typeof data === 'string' ? data : JSON.stringify(data) });
  }
  close(): void {
    this.closed = true;
  }
}

function setUp() {
  const account = household(),
    sources: FakeSource[] = [],
    changes: States[] = [];
  const client = new Client(
    sessionOf('a') as unknown as Session,
    async (_, init) => new Response(JSON.stringify(run(account, JSON.parse(String(init.body))))),
  );
  const push = new Push(client, states => changes.push(states), {
    open: url => {
      const one = new FakeSource(url);
      sources.push(one);
      return one;
    },
    pollEvery: 30_000,
  });
  push.start();
  return { account, sources, changes, push };
}

test('changes of our account are heard, others and rubbish are not', () => {
  const { sources, changes } = setUp();
  expect(sources[0]!.url).toBe('/jmap/events?types=Email%2CMailbox%2CThread%2CEmailSubmission%2CContactCard&closeafter=no&ping=60');
  sources[0]!.say({ '@type': 'StateChange', changed: { a1: { Email: '7' }, other: { Email: '9' } } });
  sources[0]!.say('rubbish');
  sources[0]!.say({ changed: { other: { Email: '9' } } });
  expect(changes).toEqual([{ Email: '7' }]);
});

test('where events do not come through the states are asked for, and listening is tried again', async () => {
  vi.useFakeTimers();
  try {
    const { sources, changes, account, push } = setUp();
    sources[0]!.onerror!();
    expect(sources[0]!.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(changes).toEqual([{ Email: String(account.state), Mailbox: String(account.state) }]);
    expect(sources).toHaveLength(2);
    // Nothing new: nothing is said.
    sources[1]!.onerror!();
    await vi.advanceTimersByTimeAsync(4_100);
    expect(changes).toHaveLength(1);
    // An old source has no say any more.
    sources[0]!.onerror!();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sources).toHaveLength(3);
    push.stop();
    sources[2]!.onerror!();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sources).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});

test('what changed while nobody listened is asked for when the line is back', async () => {
  vi.useFakeTimers();
  try {
    const { sources, changes, account } = setUp();
    sources[0]!.onerror!();
    await vi.advanceTimersByTimeAsync(2_100);
    account.email({ mailboxes: ['m1'], from: null, to: [], subject: 'x' } as never);
    sources[1]!.onopen!();
    await vi.advanceTimersByTimeAsync(10);
    expect(changes.at(-1)).toEqual({ Email: String(account.state), Mailbox: String(account.state) });
  } finally {
    vi.useRealTimers();
  }
});
