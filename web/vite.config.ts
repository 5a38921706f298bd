// The pages. The frame of messages is built apart (build.mjs): one classic script, since an opaque origin may not load modules.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

// The dev loop: `AVISO=http://127.0.0.1:2080 AVISO_USER=alice@example.test:PASSWORD npx vite`, or without both the fake server of the tests.
const server = process.env['AVISO'];
const user = process.env['AVISO_USER'];

// Loaded when it is used, not when this file is read.
const load = (path: string): Promise<any> => import(pathToFileURL(join(process.cwd(), path)).href);

function frame(): Plugin {
  return {
    name: 'frame',
    apply: 'serve',
    configureServer(vite) {
      vite.middlewares.use(async (request, response, next) => {
        const path = request.url?.split('?')[0];
        if (path !== '/m/frame' && path !== '/m/frame.js') {
          next();
          return;
        }
        const { buildFrame } = await load('build.mjs');
        const built = await buildFrame(false);
        response.setHeader('Content-Type', path === '/m/frame' ? 'text/html; charset=utf-8' : 'text/javascript');
        response.end(path === '/m/frame' ? built.html('/m/frame.js') : built.script);
      });
    },
  };
}

function fake(): Plugin {
  return {
    name: 'fake-jmap',
    apply: 'serve',
    async configureServer(vite) {
      const { middleware } = await load('test/fake/server.mjs');
      vite.middlewares.use(middleware());
    },
  };
}

// Who the dev loop signs in as is no session of a browser: /session is asked only without AVISO_USER.
const proxied = server
  ? { target: server, changeOrigin: true, ...(user ? { headers: { Authorization: `Basic ${Buffer.from(user).toString('base64')}` } } : {}) }
  : null;

export default defineConfig({
  plugins: [frame(), ...(server || process.env['VITEST'] ? [] : [fake()])],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: proxied
    ? {
        proxy: {
          '/.well-known': proxied,
          '/jmap': proxied,
          ...(user ? {} : { '/session': proxied }),
          '/account': proxied,
          '/m/image': proxied,
        },
      }
    : {},
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    reportCompressedSize: false,
    emptyOutDir: true,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: {
        // What the first list needs is one file, whoever else uses parts of it: it packs better, and is asked for once.
        codeSplitting: {
          groups: [{ name: 'first', test: /node_modules\/(@?preact)|src\/(app|i18n\/(index|dates|en)\.ts|jmap|list|mail|search)/ }],
        },
        entryFileNames: 'assets/[name].[hash].js',
        chunkFileNames: 'assets/[name].[hash].js',
        assetFileNames: 'assets/[name].[hash][extname]',
      },
    },
  },
  test: { include: ['test/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
