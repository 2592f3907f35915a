/**
 * The Markdown of docs/ as HTML, while building: headings, paragraphs, lists, tables, code, links, emphasis.
 * It knows what our pages use, and no more; test/markdown.test.mjs reads all of them.
 */
export interface Page {
  title: string;
  html: string;
}

const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

export const slug = (title: string) => title.replace(/[`*]/g, '').replace(/[^\w\- ]/g, '').toLowerCase().replace(/ /g, '-');

/** `link` says where a link of the page leads; null: to nothing that is here, so only its words stay. */
export function inline(text: string, link: (target: string) => string | null): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part, i) => {
      if (i % 2) return `<code>${escape(part.slice(1, -1))}</code>`;
      return escape(part)
        .replace(/\[([^\]]*)\]\(([^)\s]+)\)/g, (_, words: string, target: string) => {
          const to = link(target.replace(/&amp;/g, '&'));
          return to === null ? words : `<a href="${escape(to)}">${words}</a>`;
        })
        .replace(/&lt;(https?:[^\s&]+)&gt;/g, '<code>$1</code>')
        .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
        .replace(/(^|[\s(])\*([^*\s][^*]*)\*/g, '$1<em>$2</em>');
    })
    .join('');
}

export function render(markdown: string, link: (target: string) => string | null): Page {
  const lines = markdown.replace(/\r/g, '').split('\n');
  const out: string[] = [];
  let title = '';
  let section = '';
  let tables = 0;
  let at = 0;
  const line = () => lines[at] ?? '';
  const text = (s: string) => inline(s, link);
  const starts = /^(#{1,4} |```|\||\s*[-*] |\s*\d+\. )/;

  const list = (indent: number): string => {
    const ordered = /^\s*\d+\./.test(line());
    const items: string[] = [];
    for (;;) {
      const found = /^(\s*)([-*]|\d+\.) (.*)$/.exec(line());
      if (!found || found[1]!.length < indent || /\d/.test(found[2]!) !== ordered) break;
      if (found[1]!.length > indent + 1) {
        items.push(items.pop() + list(found[1]!.length));
        continue;
      }
      let words = found[3]!;
      for (at++; at < lines.length && line().trim() && !starts.test(line()); at++) words += ` ${line().trim()}`;
      items.push(text(words));
      if (!line().trim() && /^(\s*)([-*]|\d+\.) /.test(lines[at + 1] ?? '')) at++;
    }
    return `<${ordered ? 'ol' : 'ul'}>${items.map((i) => `<li>${i}</li>`).join('')}</${ordered ? 'ol' : 'ul'}>`;
  };
  const table = (): string => {
    const rows: string[][] = [];
    for (; line().startsWith('|'); at++) rows.push(line().replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/).map((c) => c.trim().replace(/\\\|/g, '|')));
    const cell = (c: string, tag: string) => `<${tag}${tag === 'th' ? ' scope="col"' : ''}>${text(c)}</${tag}>`;
    const cells = (row: string[], tag: string) => row.map((c) => cell(c, c ? tag : 'td')).join(''); // a head without words heads nothing
    const body = rows.slice(2).map((r) => `<tr>${cells(r, 'td')}</tr>`).join('');
    return `<div class="table" tabindex="0" role="region" aria-label="${escape(`Table ${++tables}, ${section}`)}"><table><thead><tr>${cells(rows[0] ?? [], 'th')}</tr></thead><tbody>${body}</tbody></table></div>`;
  };

  while (at < lines.length) {
    const heading = /^(#{1,4}) (.*)$/.exec(line());
    if (!line().trim()) {
      at++;
    } else if (heading) {
      const level = heading[1]!.length;
      if (level === 1) title = heading[2]!;
      section = heading[2]!.replace(/[`*]/g, '');
      out.push(`<h${level} id="${slug(heading[2]!)}">${text(heading[2]!)}</h${level}>`);
      at++;
    } else if (line().startsWith('```')) {
      const code: string[] = [];
      for (at++; at < lines.length && !line().startsWith('```'); at++) code.push(line());
      at++;
      out.push(`<pre tabindex="0"><code>${escape(code.join('\n'))}</code></pre>`);
    } else if (line().startsWith('|')) {
      out.push(table());
    } else if (/^\s*([-*]|\d+\.) /.test(line())) {
      out.push(list(0));
    } else {
      let words = line();
      for (at++; at < lines.length && line().trim() && !starts.test(line()); at++) words += `\n${line()}`;
      out.push(`<p>${text(words)}</p>`);
    }
  }
  return { title, html: out.join('\n') };
}
