// The built client over the fake server: `node test/fake/serve.mjs DIST [PORT] [LETTERS]`. Loopback only; with the headers that the real server sends.
import { createReadStream, existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { middleware } from './server.mjs';
import { household, large } from './store.mjs';

const [, , dist = 'dist', port = '2099', letters = '0'] = process.argv;
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};
const page =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; font-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify";
const script = readdirSync(join(dist, 'm')).find(n => n.endsWith('.js'));
const account = Number(letters) > 0 ? large(Number(letters)) : household();
const jmap = middleware(account);

createServer((request, response) =>
  jmap(request, response, () => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    if (path === '/m/frame') {
      response.setHeader('Content-Type', types['.html']);
      response.setHeader(
        'Content-Security-Policy',
        `sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src http://${request.headers.host}/m/${script}; style-src 'unsafe-inline'; img-src blob: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'`,
      );
      return response.end(readFileSync(join(dist, 'm/frame')));
    }
    const file = join(dist, path === '/' ? 'index.html' : path);
    if (!existsSync(file)) {
      response.statusCode = 404;
      return response.end();
    }
    response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
    if (path === '/') response.setHeader('Content-Security-Policy', page);
    return createReadStream(file).pipe(response);
  }),
).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
