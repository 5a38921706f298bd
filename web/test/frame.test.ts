import { describe, expect, test } from 'vitest';
import { safeDeclarations, safeSelector, safeValue } from '../src/frame/css';
import { pieces } from '../src/frame/links';
import { lineOf } from '../src/frame/text';
import { hostIn, judge } from '../src/reader/links';

const none = () => null;
const known = (url: string) => (url === 'cid:pic' ? 'blob:null/1' : null);

describe('declarations', () => {
  test.each([
    ['color', 'red', 'red'],
    ['background-image', 'url("cid:pic")', 'url("blob:null/1")'],
    ['background', 'rgb(1, 2, 3) url("cid:pic") no-repeat', 'rgb(1, 2, 3) url("blob:null/1") no-repeat'],
    ['font-family', '"Times New Roman", serif', '"Times New Roman", serif'],
    ['width', 'calc(100% - 3px)', 'calc(100% - 3px)'],
    ['position', 'relative', 'relative'],
  ])('%s: %s stays', (name, value, out) => {
    expect(safeValue(name, value, known)).toBe(out);
  });

  test.each([
    ['background', 'url("https://evil.example/t.gif")'],
    ['background', "url('https://evil.example')"],
    ['background', 'url(https://evil.example)'],
    ['background-image', 'URL("//evil.example/x")'],
    ['background-image', 'image-set("https://evil.example/x" 1x)'],
    ['background-image', '-webkit-image-set(url("https://e.example") 1x)'],
    ['list-style', 'url("cid:pic"), url("https://evil.example")'],
    ['cursor', 'url("cid:pic"), auto'],
    ['content', 'url("https://evil.example")'],
    ['background', '\\75rl("https://evil.example")'],
    ['background', 'var(--x)'],
    ['--x', 'url(https://evil.example)'],
    ['mask', 'element(#x)'],
    ['src', 'src("https://x")'],
    ['position', 'fixed'],
    ['position', 'sticky'],
    ['animation', 'x 1s'],
    ['animation-name', 'x'],
    ['transition', 'all 1s'],
    ['behavior', 'url(x.htc)'],
    ['-moz-binding', 'url(x)'],
    ['color', 'expression(alert(1))'],
    ['width', 'attr(data-x type(<url>))'],
    ['color', '</style><script>'],
    ['background', 'url("x" url("cid:pic"))'],
  ])('%s: %s goes', (name, value) => {
    expect(safeValue(name, value, known)).toBeNull();
  });

  test('no value whatever reaches out', () => {
    const bits = [
      'url(',
      'URL(',
      '"',
      "'",
      ')',
      'https://evil.example/',
      'cid:pic',
      ' ',
      ',',
      '\\',
      '/*',
      '*/',
      'image-set(',
      'var(--a)',
      '<',
      '#',
      'x',
      '\n',
    ];
    let seed = 3;
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    for (let i = 0; i < 20_000; i++) {
      const value = Array.from({ length: 1 + random(8) }, () => bits[random(bits.length)]).join('');
      const out = safeValue('background', value, known);
      if (out === null || !/url\(/i.test(out)) continue;
      for (const match of out.matchAll(/url\(([^)]*)\)?/gi)) expect(match[1], value).toBe('"blob:null/1"');
    }
  });

  test('a whole style, with its weights', () => {
    const style: Record<string, string> = { color: 'red', position: 'fixed', width: '1px' };
    const names = Object.keys(style);
    expect(
      safeDeclarations(
        { length: 3, item: i => names[i]!, getPropertyValue: n => style[n]!, getPropertyPriority: n => (n === 'width' ? 'important' : '') },
        none,
      ),
    ).toBe('color:red;width:1px !important;');
  });
});

test('selectors keep to the message', () => {
  expect(safeSelector('#head > p.x', 'u-')).toBe('#u-head > p.x');
  expect(safeSelector('a[href="#x"]', 'u-')).toBe('a[href="#x"]');
  expect(safeSelector('body.dark td', 'u-')).toBe('.mail-body.dark td');
  expect(safeSelector('html body', 'u-')).toBe('.mail-body .mail-body');
  expect(safeSelector('.body, tbody', 'u-')).toBe('.body, tbody');
  for (const bad of [':host', 'p{', 'a[href="', '\\62ody', '</style>']) expect(safeSelector(bad, 'u-')).toBeNull();
});

describe('addresses in text', () => {
  const links = (text: string) =>
    pieces(text)
      .filter(p => p.href)
      .map(p => p.href);
  test.each([
    ['see https://example.org/a.', ['https://example.org/a']],
    ['(https://example.org/a_(b))', ['https://example.org/a_(b)']],
    ['www.example.org, and', ['https://www.example.org']],
    ['mail Anna@Example.org!', ['mailto:Anna@Example.org']],
    ['<https://example.org/x>', ['https://example.org/x']],
    ['javascript:alert(1) data:text/html,x', []],
    ['http://x"onmouseover=alert(1)', ['http://x']],
    ['http://x`y', ['http://x']],
  ])('%s', (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  test('nothing of the text is lost', () => {
    for (const text of ['a https://b.example c', 'https://x.example', 'no links', '', '...www.a.example...'])
      expect(
        pieces(text)
          .map(p => p.text)
          .join(''),
      ).toBe(text);
  });
});

test('depths of quotes', () => {
  expect(lineOf('> > two')).toEqual({ depth: 2, text: 'two' });
  expect(lineOf('>> two')).toEqual({ depth: 2, text: 'two' });
  expect(lineOf('plain > not')).toEqual({ depth: 0, text: 'plain > not' });
  expect(lineOf('>From here')).toEqual({ depth: 0, text: '>From here' });
  expect(lineOf('>')).toEqual({ depth: 1, text: '' });
  expect(lineOf('>'.repeat(50) + 'x').depth).toBe(12);
});

describe('where a link leads', () => {
  const warnings = (href: string, text: string) => judge(href, text)?.warnings;
  test.each([
    ['https://example.org/login', 'Sign in', []],
    ['https://www.example.org/', 'example.org', []],
    ['https://a.example.co.uk/', 'www.example.co.uk', []],
    ['https://evil.example/', 'https://bank.test/login', ['other']],
    ['https://evil.co.uk/', 'bank.co.uk', ['other']],
    ['http://192.0.2.1/x', 'here', ['ip']],
    ['http://[2001:db8::1]/', 'here', ['ip']],
    ['http://3232235777/', 'x', ['ip']],
    ['https://xn--pypal-4ve.example/', 'here', ['lookalike']],
    ['https://раyраl.example/', 'here', ['lookalike']],
    ['https://bank.test@evil.example/', 'bank', ['user']],
  ])('%s as "%s"', (href, text, expected) => {
    expect(warnings(href, text)).toEqual(expected);
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:null/1',
    '/relative',
    'java\tscript:alert(1)',
  ])('%s is not followed', href => {
    expect(judge(href, 'x')).toBeNull();
  });

  test('nor is one without end', () => {
    expect(judge(`https://x/${'a'.repeat(9000)}`, 'x')).toBeNull();
  });

  test('what looks like a host', () => {
    expect(hostIn('www.Bank.test/login')).toBe('www.bank.test');
    expect(hostIn('Read more')).toBeNull();
    expect(hostIn('See bank.test for more')).toBeNull();
  });
});
