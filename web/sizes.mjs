// The gate on size: `node sizes.mjs FOLDER`. What a reader waits for before the first list, all of mail, and the settings and the contacts, which
// nobody loads who does not open them; brotli.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? 'dist';
const limits = { first: 45 << 10, mail: 120 << 10, compose: 45 << 10, settings: 22 << 10, contacts: 18 << 10 };
const size = path => {
  try {
    return statSync(join(folder, `${path}.br`)).size;
  } catch {
    return statSync(join(folder, path)).size;
  }
};

const html = readFileSync(join(folder, 'index.html'), 'utf8');
const first = ['index.html', ...[...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(m => m[1])];
const all = readdirSync(join(folder, 'assets'))
  .filter(n => /\.(js|css)$/.test(n))
  .map(n => `assets/${n}`);
// A reader has one language, and those who sign letters load what signs them.
const languages = all.filter(n => /^assets\/[a-z]{2}\.[^/]+\.js$/.test(n));
const mail = [
  ...all.filter(n => !languages.includes(n) && !/^assets\/(pgp|openpgp|admin|settings(-[a-z]{2})?|contacts(-[a-z]{2})?)\./.test(n)),
  'index.html',
  'm/frame',
  ...readdirSync(join(folder, 'm'))
    .filter(n => n.endsWith('.js'))
    .map(n => `m/${n}`),
];
const sum = list => list.reduce((n, path) => n + size(path), 0);
const sizes = {
  first: sum(first),
  mail: sum(mail) + Math.max(0, ...languages.map(size)),
  compose: sum(all.filter(n => /^assets\/compose\./.test(n))),
  settings:
    sum(all.filter(n => /^assets\/settings\./.test(n))) + Math.max(0, ...all.filter(n => /^assets\/settings-[a-z]{2}\./.test(n)).map(size)),
};
sizes.contacts =
  sum(all.filter(n => /^assets\/contacts\./.test(n))) + Math.max(0, ...all.filter(n => /^assets\/contacts-[a-z]{2}\./.test(n)).map(size));

let failed = false;
for (const [what, limit] of Object.entries(limits)) {
  const over = sizes[what] > limit;
  failed ||= over;
  console.log(`${over ? 'TOO LARGE' : 'ok'} ${what}: ${(sizes[what] / 1024).toFixed(1)} of ${limit >> 10} KB brotli`);
}
if (failed) for (const path of all) console.log(`  ${(size(path) / 1024).toFixed(1)} KB ${path}`);
process.exit(failed ? 1 : 0);
