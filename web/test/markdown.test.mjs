import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { inline, render } from '../.test/build/markdown.js';

const link = (target) => (target.endsWith('.txt') ? null : `/docs/${target}`);
const html = (text) => render(text, link).html;

test('what our pages are written with', () => {
  assert.equal(html('# One `x`\n\ntwo\nthree'), '<h1 id="one-x">One <code>x</code></h1>\n<p>two\nthree</p>');
  assert.equal(html('- a\n- b\n  and c\n\n1. d\n2. e'), '<ul><li>a</li><li>b and c</li></ul>\n<ol><li>d</li><li>e</li></ol>');
  assert.equal(html('- a\n  - b\n- c'), '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>');
  assert.match(html('| a | b |\n|---|---|\n| `x` | 2 |'), /<th scope="col">a<\/th>.*<td><code>x<\/code><\/td><td>2<\/td>/);
  assert.equal(html('```console\n$ a < b\n```'), '<pre tabindex="0"><code>$ a &lt; b</code></pre>');
});

test('links, emphasis, and nothing that could become markup', () => {
  assert.equal(inline('[a](b) [c](d.txt) **e** *f* `*g*`', link), '<a href="/docs/b">a</a> c <strong>e</strong> <em>f</em> <code>*g*</code>');
  assert.equal(inline('<script> "&"', link), '&lt;script&gt; &quot;&amp;&quot;');
  assert.equal(inline('`<b>`', link), '<code>&lt;b&gt;</code>');
});

test('all documents: nothing of the notation is left', () => {
  const folder = new URL('../../docs/', import.meta.url);
  const names = readdirSync(folder).filter((n) => n.endsWith('.md'));
  assert.ok(names.length > 4);
  for (const name of names) {
    const page = render(readFileSync(new URL(name, folder), 'utf8'), link);
    assert.ok(page.title, name);
    const text = page.html.replace(/<pre[\s\S]*?<\/pre>/g, '').replace(/<code>.*?<\/code>/g, '');
    assert.doesNotMatch(text, /\]\(|```|^\||^#+ /m, name);
    const open = page.html.match(/<(h\d|p|ul|ol|li|table|tr|td|th|pre|code|strong|em|a|div)\b/g).length;
    assert.equal(open, page.html.match(/<\/(h\d|p|ul|ol|li|table|tr|td|th|pre|code|strong|em|a|div)>/g).length, name);
  }
});
