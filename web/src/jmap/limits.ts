import type { Session } from './types';

/** RFC 8620 §2: what one request may be, by the server's word. */
export interface Limits {
  maxSizeUpload: number;
  maxConcurrentUpload: number;
  maxSizeRequest: number;
  maxConcurrentRequests: number;
  maxCallsInRequest: number;
  maxObjectsInGet: number;
  maxObjectsInSet: number;
}

const fallback: Limits = {
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 4,
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 4,
  maxCallsInRequest: 16,
  maxObjectsInGet: 500,
  maxObjectsInSet: 500,
};

export function limitsOf(session: Session): Limits {
  const said = session.capabilities['urn:ietf:params:jmap:core'] ?? {};
  const limits = { ...fallback };
  for (const key of Object.keys(fallback) as (keyof Limits)[]) {
    const value = said[key];
    if (typeof value === 'number' && value >= 1) limits[key] = value;
  }
  // Large steps are no faster, and a step is what is lost when the line breaks.
  limits.maxObjectsInSet = Math.min(limits.maxObjectsInSet, 500);
  limits.maxObjectsInGet = Math.min(limits.maxObjectsInGet, 500);
  return limits;
}

export function* chunks<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
