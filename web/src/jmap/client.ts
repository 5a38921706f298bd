// One conversation with a JMAP server (RFC 8620). Calls made in the same moment go out in one request; calls of one batch always do, since they
// may refer to one another. The server's limits are kept: calls and octets in a request, requests at once.
import { MethodError, OfflineError, RequestError, SignedOutError } from './errors';
import { limitsOf, type Limits } from './limits';
import type { Session } from './types';

export type Arguments = Record<string, unknown>;
type Invocation = [name: string, args: Arguments, callId: string];
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const core = 'urn:ietf:params:jmap:core';
const capabilities: Record<string, string> = {
  Mailbox: 'urn:ietf:params:jmap:mail',
  Thread: 'urn:ietf:params:jmap:mail',
  Email: 'urn:ietf:params:jmap:mail',
  SearchSnippet: 'urn:ietf:params:jmap:mail',
  Identity: 'urn:ietf:params:jmap:submission',
  EmailSubmission: 'urn:ietf:params:jmap:submission',
  VacationResponse: 'urn:ietf:params:jmap:vacationresponse',
  SieveScript: 'urn:ietf:params:jmap:sieve',
  AddressBook: 'urn:ietf:params:jmap:contacts',
  ContactCard: 'urn:ietf:params:jmap:contacts',
  Quota: 'urn:ietf:params:jmap:quota',
  ExpungedEmail: 'urn:x-aviso:params:jmap:expunged',
};

/** The capability whose method this is. */
export const capabilityOf = (method: string): string => capabilities[method.slice(0, method.indexOf('/'))] ?? core;

/** One call of a batch: its answer, and how a later call of the batch refers into it (RFC 8620 §3.7). */
export class Call<T> {
  readonly answer: Promise<T>;
  id = '';
  resolve!: (answer: T) => void;
  reject!: (error: unknown) => void;

  constructor(
    readonly name: string,
    readonly args: Arguments,
  ) {
    this.answer = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A batch whose first call failed fails as a whole: nobody need listen to each.
    this.answer.catch(() => {});
  }

  ref(path: string): object {
    return new Reference(this, path);
  }
}

class Reference {
  constructor(
    readonly call: Call<any>,
    readonly path: string,
  ) {}

  toJSON(): object {
    return { resultOf: this.call.id, name: this.call.name, path: this.path };
  }
}

/** Calls that go out together, in this order. */
export class Batch {
  readonly calls: Call<any>[] = [];

  call<T>(name: string, args: Arguments): Call<T> {
    const call = new Call<T>(name, args);
    this.calls.push(call);
    return call;
  }
}

export class Client {
  readonly limits: Limits;
  /** Heard when the server says that we are nobody to it any more. */
  onSignedOut: () => void = () => {};
  /** Heard after each request, with the time (of performance.now) when it began. */
  onOnline: (online: boolean, began: number) => void = () => {};
  private waiting: Batch[] = [];
  private running = 0;
  private readonly queue: Batch[][] = [];

  constructor(
    readonly session: Session,
    private readonly fetcher: Fetch = (url, init) => fetch(url, init),
    private readonly pause: (ms: number) => Promise<void> = ms => new Promise(done => setTimeout(done, ms)),
  ) {
    this.limits = limitsOf(session);
  }

  has(capability: string): boolean {
    return capability in this.session.capabilities;
  }

  accountFor(method: string): string {
    const capability = capabilityOf(method);
    return this.session.primaryAccounts[capability] ?? this.session.primaryAccounts['urn:ietf:params:jmap:mail'] ?? '';
  }

  /** Days for which what was deleted for good can be had back; 0: not at all. */
  daysOfExpunged(): number {
    const account = this.session.accounts[this.accountFor('ExpungedEmail/get')];
    const seconds = Number(account?.accountCapabilities[capabilityOf('ExpungedEmail/get')]?.['keptSeconds'] ?? 0);
    return Math.floor(seconds / 86_400);
  }

  call<T>(name: string, args: Arguments): Promise<T> {
    const batch = new Batch();
    const call = batch.call<T>(name, args);
    this.enqueue(batch);
    return call.answer;
  }

  /** Sends what `build` puts together; its calls share one request, so that they can refer to each other. */
  batch<R>(build: (batch: Batch) => R): R {
    const batch = new Batch();
    const result = build(batch);
    this.enqueue(batch);
    return result;
  }

  private enqueue(batch: Batch): void {
    if (batch.calls.length === 0) return;
    this.waiting.push(batch);
    if (this.waiting.length === 1) queueMicrotask(() => this.flush());
  }

  private flush(): void {
    const batches = this.waiting;
    this.waiting = [];
    let request: Batch[] = [],
      calls = 0,
      octets = 0;
    for (const batch of batches) {
      const size = JSON.stringify(batch.calls.map(c => c.args)).length * 2 + batch.calls.length * 100;
      if (
        request.length > 0 &&
        (calls + batch.calls.length > this.limits.maxCallsInRequest || octets + size > this.limits.maxSizeRequest)
      ) {
        this.queue.push(request);
        [request, calls, octets] = [[], 0, 0];
      }
      request.push(batch);
      calls += batch.calls.length;
      octets += size;
    }
    this.queue.push(request);
    this.next();
  }

  private next(): void {
    while (this.running < this.limits.maxConcurrentRequests && this.queue.length > 0) {
      const request = this.queue.shift()!;
      this.running++;
      void this.run(request.flatMap(b => b.calls)).finally(() => {
        this.running--;
        this.next();
      });
    }
  }

  private async run(calls: Call<any>[]): Promise<void> {
    calls.forEach((call, i) => {
      call.id = `c${i}`;
    });
    try {
      settle(calls, await this.patiently(calls));
    } catch (error) {
      if (error instanceof SignedOutError) this.onSignedOut();
      for (const call of calls) call.reject(error);
    }
  }

  // What was refused for the moment is asked again. What may have arrived is asked again only when it changes nothing.
  private async patiently(calls: Call<any>[]): Promise<Invocation[]> {
    const reads = calls.every(c => !/\/(set|copy|import)$/.test(c.name));
    for (let tries = 0; ; tries++) {
      const began = performance.now();
      try {
        const answer = await this.post(calls);
        this.onOnline(true, began);
        return answer;
      } catch (error) {
        const passes = error instanceof RequestError ? error.isPassing : error instanceof OfflineError && reads;
        if (error instanceof OfflineError) this.onOnline(false, began);
        if (!passes || tries === (error instanceof OfflineError ? 2 : 5)) throw error;
        const wait = error instanceof RequestError && error.retryAfter !== undefined ? error.retryAfter * 1000 : 300 * 2 ** tries;
        await this.pause(Math.min(wait, 30_000));
      }
    }
  }

  private async post(calls: Call<any>[]): Promise<Invocation[]> {
    const using = new Set([core, ...calls.map(c => capabilityOf(c.name))]);
    const methodCalls = calls.map(c => [c.name, c.name === 'Core/echo' ? c.args : { accountId: this.accountFor(c.name), ...c.args }, c.id]);
    const body = JSON.stringify({ using: [...using], methodCalls });
    // What is said while the page closes still arrives, if it is small.
    const keepalive = typeof document !== 'undefined' && document.visibilityState === 'hidden' && body.length < 60_000;
    let response: Response;
    try {
      response = await this.fetcher(this.session.apiUrl, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body,
        keepalive,
      });
    } catch {
      throw new OfflineError();
    }
    if (response.status === 401) throw new SignedOutError();
    if (!response.ok) throw await problemOf(response);
    try {
      return ((await response.json()) as { methodResponses: Invocation[] }).methodResponses;
    } catch {
      throw new OfflineError();
    }
  }
}

// RFC 7807, as RFC 8620 §3.6.1 uses it.
async function problemOf(response: Response): Promise<RequestError> {
  const problem = (await response.json().catch(() => ({}))) as { type?: string; limit?: string };
  const after = Number(response.headers.get('Retry-After') ?? NaN);
  return new RequestError(response.status, problem.type ?? 'about:blank', problem.limit, Number.isFinite(after) ? after : undefined);
}

// RFC 8620 §3.4: a call may have several responses; the first is the one of the method itself, others come of what it set off.
function settle(calls: Call<any>[], responses: Invocation[]): void {
  const first = new Map<string, Invocation>();
  for (const response of responses) if (!first.has(response[2])) first.set(response[2], response);
  for (const call of calls) {
    const response = first.get(call.id);
    if (!response) call.reject(new MethodError('serverFail', 'no response', call.name));
    else if (response[0] === 'error') {
      const { type, description } = response[1] as { type: string; description?: string };
      call.reject(new MethodError(type, description, call.name));
    } else call.resolve(response[1]);
  }
}
