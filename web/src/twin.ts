/** What the page knows of the twin: its types, and a bounded sample of its entities with places. */
import { ApiError, type Api, type AttributeInfo, type Entity } from './api.ts';
import { inLanguage, shortName, typeWords } from './format.ts';
import { areaOf, shapesOf, type Box, type Shapes } from './map/geometry.ts';
import { looks, type Look } from './palette.ts';
import { pages, type Page } from './sample.ts';

export interface TwinType {
  name: string; // as the API wants it
  label: string;
  attributes: string[];
  details: AttributeInfo[];
  count: number;
  look: Look;
  shown: boolean;
  form: 'point' | 'line' | 'area' | 'none';
}
export interface Feature {
  id: string;
  type: TwinType;
  name: string;
  shapes: Shapes;
  form: 'point' | 'line' | 'area';
}

const FETCHES = 4;
const EXTRA_MOST = 4000; // features beyond the sample, fetched for a closer look
export const MAP_MEMBERS = 'id,type,name,location';

export class Twin {
  types = new Map<string, TwinType>();
  features = new Map<string, Feature>();
  total = 0;
  whole = false; // every located entity is in `features`
  private extra: string[] = [];

  constructor(readonly api: Api) {}

  /** Types and their counts. Shown types stay shown, hidden ones hidden. */
  async readTypes(signal: AbortSignal): Promise<void> {
    const names = await this.api.types();
    const found = looks(names.map((t) => t.name));
    const made: TwinType[] = names.map(({ name, attributes }) => {
      const before = this.types.get(name);
      return {
        name, attributes, label: typeWords(name), details: before?.details ?? [], count: before?.count ?? 0,
        look: found.get(name) ?? { colour: 0, shape: 'circle' }, shown: before?.shown ?? true, form: before?.form ?? 'none',
      };
    });
    await inParallel(made, signal, async (type) => {
      try {
        const told = await this.api.type(type.name);
        type.count = told.count;
        type.details = told.attributes;
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
        type.count = 0; // its last entity has gone in between
      }
    });
    this.total = await this.api.count();
    const there = made.filter((t) => t.count > 0).sort((a, b) => b.count - a.count || a.label.localeCompare(b.label));
    for (const feature of this.features.values()) {
      const now = there.find((t) => t.name === feature.type.name);
      if (now) feature.type = now;
    }
    this.types = new Map(there.map((t) => [t.name, t]));
  }

  /** The sample, piece by piece. */
  async readPlaces(signal: AbortSignal, progress: () => void): Promise<void> {
    const located = [...this.types.values()].filter((t) => t.attributes.includes('location'));
    const counts = new Map(located.map((t) => [t.name, t.count]));
    const plan = pages(counts);
    this.whole = plan.reduce((sum, p) => sum + p.limit, 0) >= [...counts.values()].reduce((sum, n) => sum + n, 0);
    await inParallel(plan, signal, async (page: Page) => {
      const list = await this.api.entities(
        { type: page.type, pick: MAP_MEMBERS, options: 'keyValues', limit: page.limit, offset: page.offset }, signal);
      for (const entity of list) this.put(entity);
      progress();
    });
  }

  /** More of what lies in a part of the map, when the sample is not everything. */
  async readMore(box: readonly [number, number, number, number], signal: AbortSignal): Promise<boolean> {
    const types = [...this.types.values()].filter((t) => t.shown && t.form !== 'none').map((t) => t.name);
    if (this.whole || types.length === 0) return false;
    const [w, s, e, n] = box.map((c) => c.toFixed(6));
    const list = await this.api.entities({
      type: types.join(','), georel: 'intersects', geometry: 'Polygon', coordinates: `[[[${w},${s}],[${e},${s}],[${e},${n}],[${w},${n}],[${w},${s}]]]`,
      pick: MAP_MEMBERS, options: 'keyValues', limit: 1000,
    }, signal);
    const added = list.filter((entity) => !this.features.has(entity.id));
    for (const entity of added) if (this.put(entity)) this.extra.push(entity.id);
    for (const id of this.extra.splice(0, Math.max(0, this.extra.length - EXTRA_MOST))) this.features.delete(id);
    return added.length > 0;
  }

  /** Entities that changed, read again. Those without a place on the map are left alone. */
  async readAgain(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (ids.length === 0) return;
    const list = await this.api.entities({ type: '*', id: ids.join(','), pick: MAP_MEMBERS, options: 'keyValues', limit: ids.length }, signal);
    for (const entity of list) this.put(entity);
    const there = new Set(list.map((entity) => entity.id));
    for (const id of ids) if (!there.has(id)) this.features.delete(id);
  }

  put(entity: Entity): Feature | null {
    const type = this.typeOf(entity.type);
    const shapes = shapesOf(entity['location']);
    if (!type || !shapes) return null;
    const form = shapes.areas.length ? 'area' : shapes.lines.length ? 'line' : 'point';
    const feature: Feature = { id: entity.id, type, name: nameOf(entity), shapes, form };
    if (type.form === 'none') type.form = form;
    this.features.set(entity.id, feature);
    return feature;
  }

  /** The type by a name of this page's @context or by the whole IRI that events carry. */
  typeOf(name: unknown): TwinType | undefined {
    for (const one of Array.isArray(name) ? name : [name]) {
      const type = this.types.get(String(one)) ?? this.types.get(shortName(String(one)));
      if (type) return type;
    }
    return undefined;
  }

  /** Large areas first, points last, of those the rare ones: what is drawn later lies on top. */
  inOrder(): Feature[] {
    const rank = { area: 0, line: 1, point: 2 };
    return [...this.features.values()]
      .filter((f) => f.type.shown)
      .sort((a, b) => rank[a.form] - rank[b.form] || areaOf(b.shapes.box) - areaOf(a.shapes.box) || b.type.count - a.type.count);
  }

  boxes(): Box[] {
    return [...this.features.values()].filter((f) => f.type.shown).map((f) => f.shapes.box);
  }
}

/** The name that people gave it, in simplified or in normalized form; empty when there is none. */
export function nameOf(entity: Entity): string {
  for (const member of ['name', 'title', 'alternateName', 'shortName', 'description']) {
    let told: unknown = entity[member];
    if (typeof told === 'object' && told !== null && 'value' in told) told = (told as { value: unknown }).value;
    if (typeof told === 'string' && told) return told;
    const map = (told as { languageMap?: Record<string, unknown> } | null | undefined)?.languageMap;
    if (map) return inLanguage(map, languages());
  }
  return '';
}

export function languages(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : navigator.languages;
}

async function inParallel<T>(list: readonly T[], signal: AbortSignal, each: (item: T) => Promise<void>): Promise<void> {
  const rest = [...list];
  const lane = async () => {
    for (let item = rest.shift(); item !== undefined && !signal.aborted; item = rest.shift()) await each(item);
  };
  await Promise.all(Array.from({ length: FETCHES }, lane));
  signal.throwIfAborted();
}
