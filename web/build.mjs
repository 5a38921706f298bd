// Builds what the server carries: `node build.mjs [FOLDER]`. Pages by Vite, the frame of messages as one classic script with its style, everything
// also brotli and gzip.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));

/** The frame's script, and the page around it. */
export async function buildFrame(minify = true) {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      target: 'es2022',
      minify,
      reportCompressedSize: false,
      lib: { entry: join(root, 'src/frame/frame.ts'), formats: ['iife'], name: 'frame', fileName: () => 'frame.js' },
    },
  });
  const script = (Array.isArray(built) ? built[0] : built).output[0].code;
  const style = (await readFile(join(root, 'src/frame/frame.css'), 'utf8')).replace(/\s*\n\s*/g, '');
  const html = path =>
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Message</title><style>${style}</style></head><body><script src="${path}"></script></body></html>\n`;
  return { script, html };
}

const hash = text => createHash('sha256').update(text).digest('base64url').slice(0, 10).replace(/[-_]/g, 'x');

async function files(folder, below = '') {
  const out = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory()) out.push(...(await files(folder, path)));
    else out.push(path);
  }
  return out;
}

// Small files and pictures gain nothing.
async function compress(folder) {
  for (const path of await files(folder)) {
    const octets = await readFile(join(folder, path));
    if (octets.length < 400) continue;
    const br = await promisify(brotliCompress)(octets, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: octets.length },
    });
    const gz = await promisify(gzip)(octets, { level: 9 });
    if (br.length < octets.length) await writeFile(join(folder, `${path}.br`), br);
    if (gz.length < octets.length) await writeFile(join(folder, `${path}.gz`), gz);
  }
}

async function main() {
  const folder = resolve(process.argv[2] ?? join(root, 'dist'));
  await rm(folder, { recursive: true, force: true });
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'warn', build: { outDir: folder } });
  const frame = await buildFrame();
  const name = `m/frame.${hash(frame.script)}.js`;
  await mkdir(join(folder, 'm'), { recursive: true });
  await writeFile(join(folder, name), frame.script);
  await writeFile(join(folder, 'm/frame'), frame.html(`/${name}`));
  await compress(folder);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
