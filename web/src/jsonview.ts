/** JSON for reading: indented, coloured by kind, short arrays on one line, and cut where it gets too long. */
import { h } from './dom.ts';

const LINES_MOST = 400;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;

export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/\[\s+([^[\]{}]{0,90}?)\s+\]/g, (_, inner: string) => `[${inner.replace(/\s*\n\s*/g, ' ')}]`);
}

export function jsonView(text: string, label: string): HTMLElement {
  const lines = text.split('\n');
  const shown = lines.slice(0, LINES_MOST).join('\n');
  const pre = h('pre', { class: 'code', tabindex: '0', role: 'region', 'aria-label': label });
  let end = 0;
  for (const found of shown.matchAll(TOKEN)) {
    pre.append(shown.slice(end, found.index));
    const [whole, string, colon] = found;
    const kind = string !== undefined ? (colon !== undefined ? 'key' : 'text') : found[3] !== undefined ? 'number' : 'word';
    pre.append(h('span', { class: `t-${kind}` }, kind === 'key' ? string : whole), kind === 'key' ? (colon ?? '') : '');
    end = found.index + whole.length;
  }
  pre.append(shown.slice(end));
  if (lines.length > LINES_MOST) pre.append(`\n... ${lines.length - LINES_MOST} more lines`);
  return pre;
}
