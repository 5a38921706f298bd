import type { SetError } from './types';

/** RFC 8620 §3.6.2: this method was not run, and why. */
export class MethodError extends Error {
  constructor(
    readonly type: string,
    readonly description: string | undefined,
    readonly method: string,
  ) {
    super(description ? `${method}: ${type} (${description})` : `${method}: ${type}`);
  }
}

/** RFC 8620 §3.6.1: the whole request was not run. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly limit?: string,
    readonly retryAfter?: number,
  ) {
    super(`${status} ${type}${limit ? ` (${limit})` : ''}`);
  }

  /** Nothing of it was done, and later it may be. */
  get isPassing(): boolean {
    return (
      this.status === 429 ||
      this.status === 502 ||
      this.status === 503 ||
      this.status === 504 ||
      (this.type === 'urn:ietf:params:jmap:error:limit' && this.limit === 'maxConcurrentRequests')
    );
  }
}

/** The server was not reached; whether a request arrived is unknown. */
export class OfflineError extends Error {}

/** The session has ended: sign in again. */
export class SignedOutError extends Error {}

/** A record was not created, updated or destroyed (RFC 8620 §5.3). */
export class RecordError extends Error {
  constructor(readonly error: SetError) {
    super(error.description ?? error.type);
  }
}
