/** Example queries: choose one, change it, run it, see the answer; the same as a curl line beside it. */
import type { Api, Entity, Reply } from './api.ts';
import { announce, copyButton, h, refill } from './dom.ts';
import { bytes, count } from './format.ts';
import { jsonView, pretty } from './jsonview.ts';
import { curl, GEOJSON_TYPE, summary, type Example } from './queries.ts';

export interface QueryEvents {
  onMap(entities: readonly Entity[]): void;
}

export class QueryBox {
  private api: Api;
  private line = '';
  private accept = 'application/json';
  private list = h('ol', { class: 'examples' });
  private input = h('textarea', { id: 'request', rows: '2', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off' });
  private curl = h('code', {});
  private answer = h('div', { class: 'answer', id: 'answer' });

  constructor(
    holder: HTMLElement,
    api: Api,
    private readonly events: QueryEvents,
  ) {
    this.api = api;
    const run = h('button', { type: 'submit', class: 'primary' }, 'Run');
    const form = h('form', { class: 'request' }, h('label', { for: 'request' }, 'Request'), h('div', { class: 'request-row' }, h('span', { class: 'verb' }, 'GET'), this.input, run));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.run();
    });
    this.input.addEventListener('input', () => this.paintCurl());
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault();
      void this.run();
    });
    const beside = h('div', { class: 'curl' }, this.curl, copyButton(() => this.line, 'the curl line'));
    holder.append(h('div', { class: 'examples-side' }, this.list), h('div', { class: 'query-side' }, form, h('p', { class: 'label' }, 'The same in a terminal'), beside, this.answer));
    this.rest();
  }

  use(api: Api): void {
    this.api = api;
    this.rest();
  }

  private rest(): void {
    refill(this.answer, h('p', { class: 'dim' }, 'Choose an example. Its answer appears here.'));
    this.paintCurl();
  }

  show(examples: readonly Example[]): void {
    refill(this.list, ...examples.map((example) => {
      const button = h('button', { type: 'button', class: 'example' }, example.title);
      button.addEventListener('click', () => {
        for (const other of this.list.querySelectorAll('button')) other.removeAttribute('aria-current');
        button.setAttribute('aria-current', 'true');
        this.accept = example.accept;
        this.input.value = example.path;
        this.paintCurl();
        void this.run();
      });
      return h('li', {}, button);
    }));
    if (examples[0] && !this.input.value) {
      this.input.value = examples[0].path;
      this.accept = examples[0].accept;
      this.paintCurl();
    }
    if (examples.length === 0) refill(this.list, h('li', { class: 'dim' }, 'There is nothing to ask about yet.'));
  }

  private paintCurl(): void {
    this.line = curl(location.origin, this.input.value || '/ngsi-ld/v1/types', this.accept, this.api.tenant);
    this.curl.textContent = this.line;
  }

  private async run(): Promise<void> {
    const path = this.input.value.trim();
    // one origin only: a path that a browser would take for another host is not sent
    if (!/^\/(?![/\\])/.test(path)) return this.fail('A request begins with one slash, as in /ngsi-ld/v1/types.');
    this.answer.setAttribute('aria-busy', 'true');
    try {
      this.paintReply(await this.api.run(path, this.accept));
    } catch {
      this.fail('The twin could not be reached.');
    }
    this.answer.removeAttribute('aria-busy');
  }

  private fail(text: string): void {
    refill(this.answer, h('p', { class: 'bad', role: 'alert' }, text));
  }

  private paintReply(reply: Reply): void {
    let body: unknown = null;
    let text = reply.text;
    try {
      body = JSON.parse(reply.text);
      text = pretty(body);
    } catch {
      // not JSON (metrics, a page): shown as it is
    }
    const found = summary(reply.status, reply.results, body);
    const status = h('span', { class: reply.status < 400 ? 'good' : 'bad' }, `${reply.status} ${reply.statusText}`);
    const facts = [found, `${reply.milliseconds.toFixed(reply.milliseconds < 10 ? 1 : 0)} ms`, bytes(new Blob([reply.text]).size)].filter(Boolean);
    const located = entitiesOf(body, this.accept);
    const onMap = h('button', { type: 'button', class: 'quiet' }, `Show ${count(located.length)} on the map`);
    onMap.addEventListener('click', () => this.events.onMap(located));
    refill(this.answer, h('p', { class: 'reply' }, status, ' ', h('span', { class: 'dim' }, facts.join(' \u00b7 ')), located.length > 0 && onMap), jsonView(text, 'Answer'));
    announce(`${reply.status} ${reply.statusText}. ${found}`);
  }
}

/** The entities of an answer that have a place, whatever its form. */
function entitiesOf(body: unknown, accept: string): Entity[] {
  const list = accept === GEOJSON_TYPE ? ((body as { features?: Record<string, unknown>[] } | null)?.features ?? []) : [body].flat();
  return list.flatMap((told) => {
    if (typeof told !== 'object' || told === null) return [];
    const one = told as Record<string, unknown>;
    const members = (one['properties'] ?? one) as Record<string, unknown>;
    let place: unknown = one['geometry'] ?? one['location'];
    if (typeof place === 'object' && place !== null && 'value' in place) place = place.value;
    if (typeof one['id'] !== 'string' || typeof place !== 'object' || place === null || !members['type']) return [];
    return [{ ...members, id: one['id'], type: members['type'] as string, location: place }];
  });
}
