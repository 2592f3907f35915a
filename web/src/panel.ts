/** Beside the map: the types of the twin, the entities of one type, or one entity as a card. */
import type { Api, Entity } from './api.ts';
import { NGSI } from './api.ts';
import { announce, copyButton, h, refill, svg, type Child } from './dom.ts';
import { ago, clock, count, inLanguage, plural, shortId, shortName, typeWords, unit, value, words } from './format.ts';
import { jsonView, pretty } from './jsonview.ts';
import { curl } from './queries.ts';
import { languages, nameOf, type Twin, type TwinType } from './twin.ts';

export interface PanelEvents {
  openType(name: string | null): void;
  openEntity(id: string): void;
  toggled(): void;
  highlight(type: TwinType | null): void;
}

const PAGE = 25;

export class Panel {
  private shownId = '';

  constructor(
    private readonly holder: HTMLElement,
    private readonly events: PanelEvents,
  ) {}

  // ---- the types ----

  showTypes(twin: Twin): void {
    this.shownId = '';
    const types = [...twin.types.values()];
    const most = Math.max(1, ...types.map((t) => t.count));
    const located = types.filter((t) => t.form !== 'none');
    const all = h('button', { type: 'button', class: 'quiet' }, located.every((t) => t.shown) ? 'Hide all' : 'Show all');
    all.addEventListener('click', () => {
      const show = !located.every((t) => t.shown);
      for (const type of located) type.shown = show;
      this.events.toggled();
      this.showTypes(twin);
      this.holder.querySelector<HTMLElement>('.panel-head button')?.focus();
    });
    const list = h('ul', { class: 'types', 'aria-label': 'Types of entities' });
    for (const type of types) list.append(this.typeRow(type, most));
    refill(this.holder, h('div', { class: 'panel-head' }, h('h2', {}, 'What is in this twin'), located.length > 1 && all), types.length ? list : h('p', { class: 'dim' }, 'Nothing yet.'));
  }

  private typeRow(type: TwinType, most: number): HTMLElement {
    const share = h('span', { class: 'share', 'aria-hidden': 'true' });
    share.style.width = `${Math.max(1, (100 * Math.sqrt(type.count)) / Math.sqrt(most))}%`;
    share.style.background = `var(--type-${type.look.colour})`;
    const open = h('button', { type: 'button', class: 'type-open', title: type.name, 'data-type': type.name },
      h('span', { class: 'type-name' }, type.label), ' ', h('span', { class: 'number' }, count(type.count)), share);
    open.addEventListener('click', () => this.events.openType(type.name));
    const row = h('li', { class: 'type' }, this.toggle(type), open);
    row.addEventListener('pointerenter', () => this.events.highlight(type));
    row.addEventListener('pointerleave', () => this.events.highlight(null));
    row.addEventListener('focusin', () => this.events.highlight(type));
    row.addEventListener('focusout', () => this.events.highlight(null));
    return row;
  }

  private toggle(type: TwinType): HTMLElement {
    if (type.form === 'none') return h('span', { class: 'swatch none', title: 'Has no place on the map' }, swatch(type));
    const button = h('button', { type: 'button', class: 'swatch', 'aria-pressed': String(type.shown), 'aria-label': `${type.label} on the map`, title: type.shown ? 'Hide on the map' : 'Show on the map' }, swatch(type));
    button.addEventListener('click', () => {
      type.shown = !type.shown;
      button.setAttribute('aria-pressed', String(type.shown));
      button.title = type.shown ? 'Hide on the map' : 'Show on the map';
      this.events.toggled();
    });
    return button;
  }

  // ---- one type ----

  async showType(api: Api, type: TwinType, signal: AbortSignal, offset = 0): Promise<void> {
    this.shownId = '';
    const list = await api.entities({ type: type.name, pick: 'id,type,name', options: 'keyValues', limit: PAGE, offset }, signal);
    const items = h('ul', { class: 'entities', 'aria-label': `${type.label}, entities` });
    for (const entity of list) {
      const name = nameOf(entity);
      items.append(h('li', {}, this.entityButton(entity.id, h('span', {}, name || shortId(entity.id)), name ? h('span', { class: 'dim' }, shortId(entity.id)) : null)));
    }
    const turn = (label: string, to: number, off: boolean) => {
      const button = h('button', { type: 'button', class: 'quiet', disabled: off }, label);
      button.addEventListener('click', () => void this.showType(api, type, signal, to).then(() => this.focusHead()));
      return button;
    };
    const last = offset + list.length;
    refill(this.holder,
      this.head(h('span', { class: 'swatch-still' }, swatch(type)), type.label),
      h('p', { class: 'dim' }, plural(type.count, 'entity', 'entities'), ' of ', h('code', {}, type.name)),
      h('h3', {}, 'Attributes'),
      h('ul', { class: 'chips' }, ...type.details.map((a) => h('li', { title: a.kinds.join(', ') }, shortName(a.name)))),
      h('h3', {}, 'Entities'), items,
      type.count > PAGE && h('div', { class: 'pager' }, turn('Previous', Math.max(0, offset - PAGE), offset === 0),
        h('span', { class: 'dim' }, `${count(offset + 1)} to ${count(last)}`), turn('Next', last, last >= type.count)));
  }

  private entityButton(id: string, ...content: Child[]): HTMLElement {
    const button = h('button', { type: 'button', class: 'entity-link', 'data-id': id }, ...content);
    button.addEventListener('click', () => this.events.openEntity(id));
    return button;
  }

  // ---- one entity ----

  /** The card; read again without moving the reader's place when it is already shown. */
  async showEntity(api: Api, twin: Twin, id: string, signal: AbortSignal): Promise<void> {
    const again = this.shownId === id;
    const entity = await api.entity(id, signal);
    const open = again && this.holder.querySelector('details')?.open;
    const focused = again && this.holder.contains(document.activeElement) ? focusKey(document.activeElement) : '';
    const top = this.holder.scrollTop;
    this.shownId = id;
    const type = twin.typeOf(entity.type);
    const name = nameOf(entity);
    const path = `${NGSI}/entities/${encodeURIComponent(id)}`;
    const line = curl(location.origin, path, 'application/json', api.tenant);
    refill(this.holder,
      this.head(type ? h('span', { class: 'swatch-still' }, swatch(type)) : null, name || shortId(id), type),
      h('p', { class: 'dim id' }, `${[entity.type].flat().map(typeWords).join(', ')} `, h('code', {}, id)),
      this.attributes(entity, twin),
      h('p', { class: 'dim' }, times(entity)),
      h('details', {}, h('summary', { 'data-key': 'json' }, 'As the API tells it'),
        h('div', { class: 'curl' }, h('code', { 'data-curl': '' }, line), copyButton(() => line, 'the curl line')),
        jsonView(pretty(entity), 'The entity as JSON')));
    const details = this.holder.querySelector('details');
    if (open && details) details.open = true;
    this.holder.scrollTop = again ? top : 0;
    if (focused) [...this.holder.querySelectorAll<HTMLElement>('button, summary, a, pre')].find((e) => focusKey(e) === focused)?.focus({ preventScroll: true });
    if (!again) announce(`${name || shortId(id)}, ${type?.label ?? ''}`);
  }

  private attributes(entity: Entity, twin: Twin): HTMLElement {
    const table = h('dl', { class: 'attributes' });
    for (const [name, told] of Object.entries(entity)) {
      if (['id', 'type', '@context', 'createdAt', 'modifiedAt', 'scope'].includes(name)) continue;
      for (const instance of [told].flat()) table.append(h('div', {}, h('dt', { title: name }, words(name)), this.instance(instance as Instance, twin)));
    }
    return table;
  }

  private instance(a: Instance, twin: Twin): HTMLElement {
    const shown = h('dd', {});
    if (typeof a !== 'object' || a === null) shown.append(value(a));
    else if (a.type === 'Relationship') for (const to of [a.object ?? []].flat()) shown.append(this.entityButton(to, twin.features.get(to)?.name || shortId(to)));
    else if (a.type === 'LanguageProperty') shown.append(inLanguage(a.languageMap ?? {}, languages()));
    else if (a.type === 'GeoProperty') shown.append(place(a.value));
    else if (a.type === 'Property') shown.append(h('span', { class: typeof a.value === 'number' ? 'number' : '' }, value(a.value)), ' ', unit(a.unitCode));
    else shown.append(value(a.vocab ?? a.json ?? a.valueList ?? a.objectList ?? a.value));
    if (a?.datasetId) shown.append(h('span', { class: 'dim' }, ` ${shortId(a.datasetId)}`));
    const at = Date.parse(a?.observedAt ?? '');
    if (Number.isFinite(at)) shown.append(' ', h('time', { class: 'dim', datetime: a.observedAt, title: new Date(at).toLocaleString('en-GB') }, ago(at, Date.now())));
    return shown;
  }

  // ---- common ----

  showProblem(text: string): void {
    this.shownId = '';
    refill(this.holder, this.head(null, 'Not there'), h('p', {}, text));
  }

  private head(mark: Child, title: string, type?: TwinType): HTMLElement {
    const to = type?.name ?? null;
    const back = h('button', { type: 'button', class: 'quiet back', 'data-key': 'back' }, type ? type.label : 'All types');
    back.addEventListener('click', () => this.events.openType(to));
    return h('div', { class: 'panel-head' }, h('div', { class: 'back-row' }, back), mark, h('h2', { tabindex: '-1' }, title));
  }

  focusHead(): void {
    this.holder.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
  }
}

interface Instance {
  type?: string;
  value?: unknown;
  object?: string | string[];
  languageMap?: Record<string, unknown>;
  unitCode?: string;
  observedAt?: string;
  datasetId?: string;
  vocab?: unknown;
  json?: unknown;
  valueList?: unknown;
  objectList?: unknown;
}

function focusKey(element: Element | null): string {
  return element ? `${element.tagName} ${element.getAttribute('data-key') ?? element.getAttribute('data-id') ?? element.textContent}` : '';
}

function place(geometry: unknown): string {
  const { type, coordinates } = (geometry ?? {}) as { type?: string; coordinates?: number[] };
  if (type === 'Point' && Array.isArray(coordinates)) return coordinates.slice(0, 2).map((c) => c.toFixed(5)).join(', ');
  return type ? words(type).replace('Line string', 'Line') : 'no place';
}

function times(entity: Entity): string {
  const changed = Date.parse(String(entity['modifiedAt'] ?? ''));
  return Number.isFinite(changed) ? `Changed ${clock(changed)}, ${ago(changed, Date.now())}` : '';
}

/** The mark that the map draws, small. */
export function swatch(type: TwinType): SVGElement {
  const paint = { class: `mark form-${type.form}` };
  const colour = `var(--type-${type.look.colour})`;
  const shape =
    type.form === 'area' ? svg('rect', { ...paint, x: 3, y: 4, width: 12, height: 10, rx: 1 })
    : type.form === 'line' ? svg('path', { ...paint, d: 'M3 13 8 7l3 3 4-5' })
    : type.look.shape === 'circle' ? svg('circle', { ...paint, cx: 9, cy: 9, r: 5 })
    : type.look.shape === 'square' ? svg('rect', { ...paint, x: 4.5, y: 4.5, width: 9, height: 9 })
    : type.look.shape === 'diamond' ? svg('path', { ...paint, d: 'M9 3l6 6-6 6-6-6z' })
    : svg('path', { ...paint, d: 'M9 3l6 11H3z' });
  const drawn = svg('svg', { viewBox: '0 0 18 18', width: 18, height: 18, 'aria-hidden': 'true' }, shape);
  drawn.style.color = colour;
  return drawn;
}
