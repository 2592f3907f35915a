/** Example queries, made of the types, attributes and values that are really there. Pure. */
import { NGSI, queryString, type AttributeInfo, type Entity } from './api.ts';
import { inSentence, plural, typeWords } from './format.ts';

export interface Example {
  title: string;
  path: string; // readable: only what would be misunderstood is escaped
  accept: string;
}
export interface Sampled {
  name: string;
  count: number;
  attributes: AttributeInfo[];
  entities: Entity[]; // a few, normalized
}

const JSON_TYPE = 'application/json';
export const GEOJSON_TYPE = 'application/geo+json';

interface Attribute {
  type?: string;
  value?: unknown;
  languageMap?: Record<string, unknown>;
  [member: string]: unknown;
}

function entities(parameters: Record<string, string | number>): string {
  return `${NGSI}/entities?${queryString(parameters)}`;
}

function attributesOf(entity: Entity): [string, Attribute][] {
  return Object.entries(entity).filter((pair): pair is [string, Attribute] => {
    const told = pair[1];
    return typeof told === 'object' && told !== null && !Array.isArray(told) && pair[0] !== '@context';
  });
}

/** The numbers that an attribute has in the entities at hand. */
function numbers(type: Sampled, name: string): number[] {
  return type.entities
    .map((e) => (e[name] as Attribute | undefined)?.value)
    .filter((v): v is number => typeof v === 'number')
    .sort((a, b) => a - b);
}

/** The attribute whose numbers differ most from each other, so that a comparison tells something. */
function telling(type: Sampled): { name: string; middle: number } | null {
  let best: { name: string; middle: number; kinds: number } | null = null;
  for (const { name } of type.attributes) {
    const found = numbers(type, name);
    const kinds = new Set(found).size;
    const middle = found[Math.floor(found.length / 2)];
    if (middle !== undefined && kinds > 1 && kinds > (best?.kinds ?? 1)) best = { name, middle, kinds };
  }
  return best;
}

function firstOf<T>(types: readonly Sampled[], find: (type: Sampled) => T | null | undefined): { type: Sampled; found: T } | null {
  for (const type of types) {
    const found = find(type);
    if (found !== null && found !== undefined) return { type, found };
  }
  return null;
}

function withKind(type: Sampled, kind: string): AttributeInfo | undefined {
  return type.attributes.find((a) => a.kinds.includes(kind));
}

function centre(types: readonly Sampled[]): [number, number] | null {
  for (const type of types)
    for (const entity of type.entities) {
      const at = (entity['location'] as Attribute | undefined)?.value as { type?: string; coordinates?: unknown } | undefined;
      if (at?.type === 'Point' && Array.isArray(at.coordinates)) return at.coordinates as [number, number];
    }
  return null;
}

type Maker = (types: readonly Sampled[]) => Example | null;

const makers: Maker[] = [
  (types) => {
    const hit = firstOf(types, telling);
    if (!hit) return null;
    const { name, middle } = hit.found;
    return {
      title: `${typeWords(hit.type.name)}: ${inSentence(name)} above ${middle}`,
      path: entities({ type: hit.type.name, q: `${name}>${middle}`, options: 'keyValues', limit: 20, count: 'true' }),
      accept: JSON_TYPE,
    };
  },
  (types) => {
    const at = centre(types);
    const type = at && types.find((t) => withKind(t, 'GeoProperty'));
    if (!type) return null;
    return {
      title: 'Everything within 500 metres of one place',
      path: entities({ type: '*', georel: 'near;maxDistance==500', geometry: 'Point', coordinates: JSON.stringify(at), pick: 'id,type,name,location', options: 'keyValues', limit: 50, count: 'true' }),
      accept: JSON_TYPE,
    };
  },
  (types) => {
    const hits = types.map((type) => ({ type, found: telling(type) })).filter((h) => h.found);
    const hit = hits[1] ?? hits[0];
    if (!hit?.found) return null;
    return {
      title: `${typeWords(hit.type.name)}: the five with the highest ${inSentence(hit.found.name)}`,
      path: entities({ type: hit.type.name, orderBy: `${hit.found.name};desc`, options: 'keyValues', limit: 5 }),
      accept: JSON_TYPE,
    };
  },
  (types) => {
    const text = firstOf(types, (type) => {
      for (const entity of type.entities)
        for (const [name, a] of attributesOf(entity))
          if (a.type === 'Property' && typeof a.value === 'string' && a.value.length < 24 && !/["\\]/.test(a.value) && !('datasetId' in a))
            return { name, value: a.value };
      return null;
    });
    if (!text) return null;
    const { name, value } = text.found;
    return {
      title: `${typeWords(text.type.name)}: how many have ${inSentence(name)} "${value}"?`,
      path: entities({ type: text.type.name, q: `${name}=="${value}"`, limit: 0, count: 'true' }),
      accept: JSON_TYPE,
    };
  },
  (types) => {
    const hit = firstOf(types, (type) => withKind(type, 'Relationship'));
    if (!hit) return null;
    return {
      title: `${typeWords(hit.type.name)}: each with the entity that "${inSentence(hit.found.name)}" names`,
      path: entities({ type: hit.type.name, pick: `id,type,${hit.found.name}`, join: 'inline', options: 'keyValues', limit: 3 }),
      accept: JSON_TYPE,
    };
  },
  (types) => {
    const hit = firstOf(types, (type) => {
      const a = withKind(type, 'LanguageProperty');
      const map = a && type.entities.map((e) => (e[a.name] as Attribute | undefined)?.languageMap).find(Boolean);
      const languages = Object.keys(map ?? {});
      return a && languages.length > 1 ? { name: a.name, lang: languages.find((l) => l !== 'en') ?? 'en' } : null;
    });
    if (!hit) return null;
    const language = new Intl.DisplayNames(['en'], { type: 'language' }).of(hit.found.lang) ?? hit.found.lang;
    return {
      title: `${typeWords(hit.type.name)}: ${inSentence(hit.found.name)} in ${language}`,
      path: entities({ type: hit.type.name, pick: `id,${hit.found.name}`, lang: hit.found.lang, options: 'keyValues', limit: 5 }),
      accept: JSON_TYPE,
    };
  },
  (types) => {
    const type = [...types].reverse().find((t) => withKind(t, 'GeoProperty'));
    if (!type) return null;
    return {
      title: `${typeWords(type.name)} as GeoJSON, for a GIS`,
      path: entities({ type: type.name, options: 'keyValues', limit: 20 }),
      accept: GEOJSON_TYPE,
    };
  },
  (types) => {
    const type = types[0];
    if (!type) return null;
    return { title: `${typeWords(type.name)}: its attributes and their kinds`, path: `${NGSI}/types/${encodeURIComponent(type.name)}`, accept: JSON_TYPE };
  },
  (types) => {
    const hit = firstOf(types, telling);
    if (!hit) return null;
    return {
      title: 'How the first of these is answered: plan, candidates, time',
      path: `/debug/explain?${queryString({ type: hit.type.name, q: `${hit.found.name}>${hit.found.middle}` })}`,
      accept: JSON_TYPE,
    };
  },
];

function from<T>(list: readonly T[], at: number): T[] {
  const first = list.length ? at % list.length : 0;
  return [...list.slice(first), ...list.slice(0, first)];
}

export function examples(types: readonly Sampled[]): Example[] {
  // each begins with another type, so that they show more of the twin; the last one explains the first
  return makers.map((make, i) => make(i === makers.length - 1 ? types : from(types, i))).filter((e): e is Example => e !== null);
}

/** The types that examples are made of: sensors of which there are some, before the great crowd of buildings. */
export function promising<T extends { name: string; count: number; attributes: string[] }>(types: readonly T[], most: number): T[] {
  const worth = (t: T) => t.attributes.length + (t.count > 1 ? 3 : 0) - (t.count > 100000 ? 4 : 0);
  return [...types].sort((a, b) => worth(b) - worth(a)).slice(0, most);
}

/** The same request for a terminal: parameters one by one, so that nothing has to be escaped by hand. */
export function curl(origin: string, path: string, accept: string, tenant: string): string {
  const [where = '', query = ''] = split(path);
  const lines = [query ? `curl -G ${quoted(origin + where)}` : `curl ${quoted(origin + where)}`];
  if (accept !== JSON_TYPE) lines.push(`-H ${quoted(`Accept: ${accept}`)}`);
  if (tenant) lines.push(`-H ${quoted(`NGSILD-Tenant: ${tenant}`)}`);
  for (const pair of query.split('&').filter(Boolean)) {
    const plain = decoded(pair);
    lines.push(/^[\w=.,:*-]+$/.test(plain) ? `-d ${plain}` : `--data-urlencode ${quoted(plain)}`);
  }
  return lines.join(' \\\n  ');
}

function split(path: string): [string, string] {
  const at = path.indexOf('?');
  return at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

export function summary(status: number, results: number | null, body: unknown): string {
  if (status >= 400) return '';
  if (results !== null) return plural(results, 'result');
  if (Array.isArray(body)) return plural(body.length, 'result');
  const features = (body as { features?: unknown[] } | null)?.features;
  return features ? plural(features.length, 'feature') : '';
}

