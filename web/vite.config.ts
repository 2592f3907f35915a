/**
 * Two pages and the documents, as files with hashes in their names. `npm run dev` serves the page in front of a
 * twin (CARDO, by default http://localhost:9090); with CARDO_MOCK=1 the feed of changes is made up.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';
import { render } from './build/markdown.ts';

const twin = process.env['CARDO'] ?? 'http://localhost:9090';
const PARTS_SHOWN = 12;

interface Doc {
  name: string;
  title: string;
  html: string;
  parts: string[];
}

function readDocs(): Doc[] {
  const names = readdirSync('../docs').filter((f) => f.endsWith('.md') && f !== 'README.md').map((f) => f.slice(0, -3));
  // the book's own list: the order of the documents, and a few words on each
  const list = /^\| \[[^\]]*\]\((?:\.\.\/)?([\w-]+)\.md\) \| (.*?) \|$/gm;
  const book = new Map([...readFileSync('../docs/README.md', 'utf8').matchAll(list)].map(([, name, words]) => [name!.toLowerCase(), words!]));
  const rank = (name: string) => (book.has(name) ? [...book.keys()].indexOf(name) : book.size);
  const files = names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).map((name) => [name, `../docs/${name}.md`] as const);
  const link = (target: string) => {
    const [, page, anchor] = /^(?:\.\.\/)?(?:docs\/)?([\w-]+)\.md(#.*)?$/.exec(target) ?? [];
    if (target === 'README.md') return '/docs';
    if (page && (names.includes(page) || page === 'CHANGELOG')) return `/docs/${page.toLowerCase()}${anchor ?? ''}`;
    return target.startsWith('#') || target.startsWith('http') ? target : null;
  };
  return [...files, ['changelog', '../CHANGELOG.md'] as const].map(([name, path]) => {
    const { title, html } = render(readFileSync(path, 'utf8'), link);
    const parts = [...html.matchAll(/<h2[^>]*>([\s\S]*?)<\/h2>/g)].map(([, words]) => (words ?? '').replace(/<[^>]+>/g, ''));
    const told = book.get(name);
    return { name, title, html, parts: told ? [told.charAt(0).toUpperCase() + told.slice(1)] : parts };
  });
}

/** The page that stands for all documents is the one of the API, with another middle and without a script. */
function docs(): Plugin {
  const made = (api: string, title: string, main: string) =>
    api
      .replace(/<title>[^<]*/, `<title>${title}: Cardo`)
      .replace(/\s*<script[\s\S]*?<\/script>/g, '')
      .replace(/\s*<link rel="modulepreload"[^>]*>/g, '')
      .replace('href="/api" aria-current="page"', 'href="/api"')
      .replace('href="/docs"', 'href="/docs" aria-current="page"')
      .replace(/Skip to the routes/, 'Skip to the text')
      .replace(/(<main[^>]*>)[\s\S]*<\/main>/, `$1\n${main}\n    </main>`)
      .replace('class="reading"', 'class="reading prose"');
  return {
    name: 'docs',
    enforce: 'post',
    generateBundle(_, bundle) {
      const api = bundle['api.html'];
      if (api?.type !== 'asset') throw new Error('api.html is not there yet');
      const shell = String(api.source);
      const all = readDocs();
      const list = all.map((d) => `<li class="card"><a href="/docs/${d.name}">${d.title}</a><br><span class="dim">${d.parts.slice(0, PARTS_SHOWN).join(' \u00b7 ')}</span></li>`).join('\n');
      const emit = (fileName: string, source: string) => this.emitFile({ type: 'asset', fileName, source });
      emit('docs/index.html', made(shell, 'Docs', `<h1>Docs</h1>\n<ul class="doc-list">${list}</ul>`));
      for (const doc of all) emit(`docs/${doc.name}.html`, made(shell, doc.title, `<p><a href="/docs">All documents</a></p>\n${doc.html}`));
    },
  };
}

/** A feed as the twin would give it: some entity changes some attribute, several times a second. */
function mock(): Plugin {
  return {
    name: 'mock-feed',
    configureServer(server) {
      if (!process.env['CARDO_MOCK']) return;
      server.middlewares.use('/events', async (request, response) => {
        const list = (await (await fetch(`${twin}/ngsi-ld/v1/entities?type=*&limit=1000&options=keyValues`)).json()) as Record<string, unknown>[];
        let revision = 1000;
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        const timer = setInterval(() => {
          const e = list[Math.floor(Math.random() * list.length)]!;
          const attributes = Object.keys(e).filter((k) => !['id', 'type', 'location'].includes(k)).slice(0, 2);
          const data = { revision: ++revision, at: new Date().toISOString(), verb: 'update', id: e['id'], type: [e['type']], attributes };
          response.write(`event: change\nid: ${revision}\ndata: ${JSON.stringify(data)}\n\n`);
        }, 120);
        request.on('close', () => clearInterval(timer));
      });
    },
  };
}

export default defineConfig({
  appType: 'mpa',
  plugins: [mock(), docs()],
  build: {
    target: 'es2022',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: ['index.html', 'api.html'] },
  },
  server: {
    port: Number(process.env['PORT'] ?? 5173),
    proxy: Object.fromEntries(['/ngsi-ld', '/twin', '/events', '/openapi', '/metrics', '/debug'].map((path) => [path, twin])),
  },
});
