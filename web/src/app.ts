/** The start page: what its parts tell each other. The address keeps the tenant and what is open. */
import './style.css';
import { Api, ApiError, type Entity, type TwinInfo } from './api.ts';
import { announce, byId, h, refill } from './dom.ts';
import { count, plural } from './format.ts';
import { MapView } from './map/map.ts';
import { Panel } from './panel.ts';
import { examples, promising, type Sampled } from './queries.ts';
import { QueryBox } from './querybox.ts';
import { Ticker, type Change } from './ticker.ts';
import { Twin, type Feature } from './twin.ts';
import { welcome } from './welcome.ts';

const RECOUNT_MS = 20000;
const RECOUNT_LEAST_MS = 3000;
const RELOAD_MS = 15000; // between two readings of everything
const AGAIN_MS = 1000;
const AGAIN_MOST = 60; // entities read again in one request
const LAST_CHANGE_MOST = 50000; // a larger twin is not sorted to find its newest entity
const EXAMPLE_TYPES = 8;

interface Place {
  tenant: string;
  type: string;
  entity: string;
}

class App {
  private api = new Api();
  private twin = new Twin(this.api);
  private stop = new AbortController();
  private place: Place = { tenant: '', type: '', entity: '' };
  private changed = new Set<string>();
  private recount = false;
  private stale = false; // changes were lost: all of it is read again
  private loaded = 0;
  private counted = 0;
  private reading = false;

  private readonly panel = new Panel(byId('panel'), {
    openType: (type) => this.go({ type: type ?? '', entity: '' }),
    openEntity: (entity) => this.go({ entity }),
    toggled: () => this.map.refresh(),
    highlight: (type) => this.map.highlight(type),
  });
  private readonly map = new MapView(byId('map'), this.twin, {
    choose: (feature) => this.go({ entity: feature?.id ?? '' }),
    moved: (box) => void this.closer(box),
  });
  private readonly ticker = new Ticker(
    {
      list: byId('changes'), status: byId('feed'), pause: byId<HTMLButtonElement>('pause'), curve: byId('curve'), rate: byId('rate'), last: byId('last'),
    },
    {
      changes: (list) => this.onChanges(list), open: (id) => this.go({ entity: id }), nameOf: (id) => this.twin.features.get(id)?.name ?? '',
      again: () => (this.stale = true), missed: () => (this.recount = true),
    },
  );
  private readonly queries = new QueryBox(byId('query-box'), this.api, { onMap: (list) => this.showResults(list) });

  async start(): Promise<void> {
    addEventListener('hashchange', () => this.follow());
    setInterval(() => void this.readAgain(), AGAIN_MS);
    setInterval(() => (this.recount = true), RECOUNT_MS);
    this.place = placeNow();
    await this.info();
    await this.load();
  }

  /** Version and tenants; a selector only when there is something to select. */
  private async info(): Promise<void> {
    const told: TwinInfo | null = await this.api.twin().catch(() => null);
    if (!told) return;
    byId('version').textContent = `Cardo ${told.version}`;
    const holder = byId('tenant');
    if (told.tenants.length < 2) return;
    const select = h('select', { id: 'tenant-select' }, ...told.tenants.map(({ name, entities }) =>
      h('option', { value: name, selected: name === this.place.tenant }, `${name || 'Default'} (${count(entities)})`)));
    select.addEventListener('change', () => this.go({ tenant: select.value, type: '', entity: '' }));
    refill(holder, h('label', { for: 'tenant-select' }, 'Tenant'), select);
    holder.hidden = false;
  }

  private async load(): Promise<void> {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.api = new Api(this.place.tenant);
    this.twin = new Twin(this.api);
    this.changed.clear();
    this.map.use(this.twin);
    this.queries.use(this.api);
    const listens = this.ticker.connect(this.api.headers());
    try {
      await listens;
      await this.read(signal);
    } catch (error) {
      if (!signal.aborted) this.trouble(error);
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    this.loaded = performance.now();
    this.stale = false;
    await this.twin.readTypes(signal);
    this.facts();
    if (!this.place.type && !this.place.entity) this.panel.showTypes(this.twin);
    void this.lastChange(signal);
    void this.examples(signal);
    this.map.say('Reading places');
    await this.twin.readPlaces(signal, () => this.map.refreshSoon());
    this.map.refresh();
    this.explain();
    this.open(false);
    this.ticker.repaint();
    document.documentElement.dataset['state'] = 'ready';
    performance.mark('useful');
  }

  private trouble(error: unknown): void {
    const text = error instanceof ApiError ? error.message : 'The twin could not be reached. The page tries again by itself.';
    this.panel.showProblem(text);
    announce(text);
    if (!(error instanceof ApiError)) setTimeout(() => void this.load(), 5000);
  }

  private facts(): void {
    byId('total').textContent = count(this.twin.total);
    byId('kinds').textContent = count(this.twin.types.size);
    welcome(this.twin.total === 0, this.api);
  }

  private explain(): void {
    const shown = this.twin.features.size;
    const located = [...this.twin.types.values()].filter((t) => t.form !== 'none').reduce((sum, t) => sum + t.count, 0);
    this.map.say(this.twin.whole ? (shown ? '' : 'Nothing in this twin has a location.') : `A sample: ${count(shown)} of ${plural(located, 'entity', 'entities')}. Come closer to see all.`);
  }

  private async lastChange(signal: AbortSignal): Promise<void> {
    if (this.twin.total > LAST_CHANGE_MOST) return;
    const [newest] = await this.api.entities({ type: '*', orderBy: 'modifiedAt;desc', pick: 'id,type,modifiedAt', options: 'sysAttrs,keyValues', limit: 1 }, signal).catch(() => []);
    if (newest?.['modifiedAt']) this.ticker.known(String(newest['modifiedAt']), newest.id, [newest.type].flat());
  }

  private async examples(signal: AbortSignal): Promise<void> {
    const types = promising([...this.twin.types.values()], EXAMPLE_TYPES);
    const sampled = await Promise.all(types.map(async (type): Promise<Sampled> => ({
      name: type.name, count: type.count, attributes: type.details,
      entities: await this.api.entities({ type: type.name, limit: 12 }, signal).catch(() => []),
    })));
    if (!signal.aborted) this.queries.show(examples(sampled));
  }

  // ---- what is open ----

  private go(change: Partial<Place>): void {
    const next = { ...this.place, ...change };
    const told = new URLSearchParams(Object.entries(next).filter(([, v]) => v));
    const hash = told.size ? `#${told}` : '';
    if (hash !== location.hash) history.pushState(null, '', hash || location.pathname);
    this.follow();
  }

  private follow(): void {
    const next = placeNow();
    const other = next.tenant !== this.place.tenant;
    const same = !other && next.type === this.place.type && next.entity === this.place.entity;
    this.place = next;
    if (other) void this.load();
    else if (!same) this.open(true);
  }

  private open(byReader: boolean): void {
    const { signal } = this.stop;
    const { type, entity } = this.place;
    const found = type ? this.twin.types.get(type) : undefined;
    this.map.choose(entity ? (this.twin.features.get(entity) ?? null) : null);
    this.map.highlight(entity ? null : (found ?? null));
    const focus = byReader && document.activeElement?.id !== 'map-canvas';
    const shown = entity ? this.openEntity(entity, signal) : found ? this.panel.showType(this.api, found, signal) : Promise.resolve(this.panel.showTypes(this.twin));
    void shown.then(() => {
      if (focus) this.panel.focusHead();
    }).catch((error: unknown) => {
      if (!signal.aborted) this.panel.showProblem(error instanceof ApiError && error.status === 404 ? 'This entity has gone.' : 'The twin could not be reached.');
    });
  }

  private async openEntity(id: string, signal: AbortSignal): Promise<void> {
    await this.panel.showEntity(this.api, this.twin, id, signal);
    if (this.twin.features.has(id)) return;
    await this.twin.readAgain([id], signal);
    const feature: Feature | undefined = this.twin.features.get(id);
    this.map.refresh();
    if (feature && this.place.entity === id) this.map.choose(feature);
  }

  private showResults(list: readonly Entity[]): void {
    const found = list.map((entity) => this.twin.put(entity)).filter((f): f is Feature => f !== null);
    for (const feature of found) feature.type.shown = true;
    this.map.refresh();
    this.map.showResults(found);
    byId('map-canvas').focus();
    byId('map').scrollIntoView({ block: 'center' });
  }

  // ---- what changes ----

  private onChanges(list: readonly Change[]): void {
    for (const change of list) {
      if (change.verb === 'delete' || change.verb === 'expire' || (change.verb === 'create' && !this.twin.features.has(change.id))) this.recount = true;
      const moved = change.verb !== 'update' || change.attributes.includes('location') || change.attributes.includes('name');
      if (change.id === this.place.entity || (moved && (this.twin.features.has(change.id) || change.verb === 'create'))) this.changed.add(change.id);
    }
    if (!this.ticker.resting) this.map.flash(list.map((c) => c.id));
  }

  /** At most one request a second, however fast the twin lives. */
  private async readAgain(): Promise<void> {
    if (this.reading || document.hidden || this.ticker.resting) return;
    const { signal } = this.stop;
    this.reading = true;
    try {
      const ids = [...this.changed].slice(0, AGAIN_MOST);
      for (const id of ids) this.changed.delete(id);
      if (this.changed.size > 20 * AGAIN_MOST) this.changed.clear();
      if (ids.length) {
        await this.twin.readAgain(ids, signal);
        this.map.refresh();
        this.ticker.repaint();
      }
      if (this.place.entity && ids.includes(this.place.entity)) await this.panel.showEntity(this.api, this.twin, this.place.entity, signal);
      if (this.stale && performance.now() - this.loaded > RELOAD_MS) await this.read(signal);
      else if (this.recount && performance.now() - this.counted > RECOUNT_LEAST_MS) await this.countAgain(signal);
    } catch (error) {
      if (!signal.aborted && error instanceof ApiError && error.status === 404) this.panel.showProblem('This entity has gone.');
    } finally {
      this.reading = false;
    }
  }

  private async countAgain(signal: AbortSignal): Promise<void> {
    this.recount = false;
    this.counted = performance.now();
    const had = this.twin.types.size;
    await this.twin.readTypes(signal);
    this.facts();
    const reading = byId('panel').contains(document.activeElement) && had === this.twin.types.size;
    if (!this.place.type && !this.place.entity && !reading) this.panel.showTypes(this.twin);
    if (had === 0 && this.twin.types.size) await this.read(signal);
  }

  private async closer(box: readonly [number, number, number, number]): Promise<void> {
    const { signal } = this.stop;
    const more = await this.twin.readMore(box, signal).catch(() => false);
    if (more && !signal.aborted) this.map.refresh();
  }
}

function placeNow(): Place {
  const told = new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : '');
  return { tenant: told.get('tenant') ?? '', type: told.get('type') ?? '', entity: told.get('entity') ?? '' };
}

/** Links to a part of the page keep what is open. */
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-part]'))
  link.addEventListener('click', (event) => {
    const part = document.getElementById(link.dataset['part'] ?? '');
    if (!part) return;
    event.preventDefault();
    part.scrollIntoView();
    part.querySelector<HTMLElement>('h1, h2')?.focus({ preventScroll: true });
  });

void new App().start();
