import { expect, test } from 'vitest';
import { parseRoute, writeRoute, type Route } from '../src/app/route';

const place = (more: Partial<Route>): Route => ({ mailbox: null, search: null, email: null, ...more });

test.each<[string, Route]>([
  ['#/', place({})],
  ['#/in/~/m/e1', place({ email: 'e1' })],
  ['#/in/m1', place({ mailbox: 'm1' })],
  ['#/in/m1/m/e1', place({ mailbox: 'm1', email: 'e1' })],
  ['#/search?q=from%3Abob%20%2F%20x%3F', place({ search: 'from:bob / x?' })],
  ['#/search/m/e1?q=a', place({ search: 'a', email: 'e1' })],
  ['#/settings', place({ settings: '' })],
  ['#/contacts', place({ contacts: '' })],
  ['#/contacts/c1', place({ contacts: 'c1' })],
  ['#/settings/safety', place({ settings: 'safety' })],
])('%s is written and read', (hash, route) => {
  expect(writeRoute(route)).toBe(hash);
  expect(parseRoute(hash)).toEqual(route);
});

test('what somebody typed into the address is no trouble', () => {
  for (const hash of ['', '#', '#/in', '#/in/%E0%A4%A', '#/elsewhere/x', '#/search']) expect(() => parseRoute(hash)).not.toThrow();
  expect(parseRoute('#/search')).toEqual(place({ search: '' }));
});
