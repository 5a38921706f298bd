import { expect, test } from 'vitest';
import { scrollFor, windowOf } from '../src/list/window';
import { applyChanges, missing, place, without } from '../src/mail/sparse';

test('only the rows in sight and some around them are made', () => {
  expect(windowOf(0, 760, 76, 100_000)).toEqual({ from: 0, to: 18 });
  expect(windowOf(76 * 50_000, 760, 76, 100_000)).toEqual({ from: 49_992, to: 50_018 });
  expect(windowOf(76 * 99_990, 760, 76, 100_000)).toEqual({ from: 99_982, to: 100_000 });
  expect(windowOf(0, 760, 76, 3)).toEqual({ from: 0, to: 3 });
  expect(windowOf(0, 760, 76, 0)).toEqual({ from: 0, to: 0 });
  // A list that became shorter than where it is scrolled to, and one that is pulled beyond its top.
  expect(windowOf(76 * 500, 760, 76, 10)).toEqual({ from: 10, to: 10 });
  expect(windowOf(-200, 760, 76, 50).from).toBe(0);
});

test('every row of every scroll position is in the window', () => {
  for (let top = 0; top < 76 * 40; top += 13) {
    const { from, to } = windowOf(top, 500, 76, 60);
    expect(from * 76).toBeLessThanOrEqual(top);
    expect(Math.min(60 * 76, top + 500)).toBeLessThanOrEqual(to * 76);
  }
});

test('a row out of sight is scrolled to by the shortest way', () => {
  expect(scrollFor(5, 0, 760, 76)).toBeNull();
  expect(scrollFor(10, 0, 760, 76)).toBe(76);
  expect(scrollFor(2, 760, 760, 76)).toBe(152);
});

test('windows with holes are asked for, and no others', () => {
  const list = place(place([], 0, ['a', 'b'], 6), 4, ['e', 'f'], 6);
  expect(list).toEqual(['a', 'b', undefined, undefined, 'e', 'f']);
  expect(missing(list, 0, 6, 2)).toEqual([1]);
  expect(missing(list, 0, 2, 2)).toEqual([]);
  expect(missing(list, 3, 4, 2)).toEqual([1]);
});

const changes = (removed: string[], added: [string, number][], total?: number) => ({
  oldQueryState: '1',
  newQueryState: '2',
  removed,
  added: added.map(([id, index]) => ({ id, index })),
  ...(total === undefined ? {} : { total }),
});

test('removed rows are spliced out, added ones spliced in, lowest first', () => {
  expect(
    applyChanges(
      ['a', 'b', 'c', 'd'],
      changes(
        ['b', 'd'],
        [
          ['y', 3],
          ['x', 0],
        ],
        4,
      ),
    ),
  ).toEqual(['x', 'a', 'c', 'y']);
  // A row that moved is in both.
  expect(applyChanges(['a', 'b', 'c'], changes(['c'], [['c', 0]], 3))).toEqual(['c', 'a', 'b']);
});

test('a removed row that lies in a hole makes the places unknown', () => {
  const list = ['a', undefined, undefined, 'd'];
  expect(applyChanges(list, changes(['z'], [], 3))).toBeNull();
  expect(applyChanges(list, changes(['a'], [], 3))).toEqual([undefined, undefined, 'd']);
  expect(applyChanges(['a', 'b'], changes(['z'], [], 2))).toEqual(['a', 'b']);
});

test('a total that does not fit is not believed', () => {
  expect(applyChanges(['a', 'b'], changes([], [['c', 2]], 7))).toBeNull();
});

test('a random run of changes ends where the server is', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
  for (let round = 0; round < 200; round++) {
    const before = Array.from({ length: random(30) }, (_, i) => `i${i}`);
    const after = before.filter(() => random(4) > 0);
    for (let n = random(5); n > 0; n--) after.splice(random(after.length + 1), 0, `new${round}-${n}`);
    const removed = before.filter(id => !after.includes(id));
    const added = after.map((id, index) => [id, index] as [string, number]).filter(([id]) => !before.includes(id));
    expect(applyChanges(before, changes(removed, added, after.length))).toEqual(after);
  }
});

test('rows can be taken out of a hundred thousand at once', () => {
  const list = Array.from({ length: 100_000 }, (_, i) => `e${i}`);
  const gone = new Set(list.filter((_, i) => i % 2 === 0));
  const start = performance.now();
  expect(without(list, gone)).toHaveLength(50_000);
  expect(performance.now() - start).toBeLessThan(500);
});
