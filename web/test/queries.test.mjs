import assert from 'node:assert/strict';
import test from 'node:test';
import { queryString } from '../.test/src/api.js';
import { curl, examples, promising, summary } from '../.test/src/queries.js';
import { matches, routes, schemaText } from '../.test/src/openapi.js';

const kinds = (list) => Object.entries(list).map(([name, kind]) => ({ name, kinds: [kind] }));
const parking = {
  name: 'Parking', count: 3, attributes: kinds({ name: 'LanguageProperty', free: 'Property', status: 'Property', location: 'GeoProperty', district: 'Relationship' }),
  entities: [1, 5, 9].map((free, i) => ({
    id: `urn:p:${i}`, type: 'Parking', free: { type: 'Property', value: free }, status: { type: 'Property', value: 'open' },
    name: { type: 'LanguageProperty', languageMap: { en: 'Theatre', de: 'Theater' } }, district: { type: 'Relationship', object: 'urn:d:1' },
    location: { type: 'GeoProperty', value: { type: 'Point', coordinates: [7.6, 51.9] } },
  })),
};

test('examples come from what is there', () => {
  const made = examples([parking]);
  assert.ok(made.length >= 8, String(made.length));
  assert.ok(made.some((e) => e.path.includes('q=free%3E5')), made.map((e) => e.path).join('\n'));
  assert.ok(made.some((e) => e.title.includes('German') && e.path.includes('lang=de')));
  assert.ok(made.some((e) => e.path.includes('[7.6,51.9]')));
  assert.equal(new Set(made.map((e) => e.title)).size, made.length);
});

test('an empty twin and one of bare ids have no examples that would fail', () => {
  assert.deepEqual(examples([]), []);
  const bare = examples([{ name: 'Thing', count: 1, attributes: [], entities: [{ id: 'urn:1', type: 'Thing' }] }]);
  assert.deepEqual(bare.map((e) => e.path), ['/ngsi-ld/v1/types/Thing']);
});

test('a crowd of buildings does not hide the sensors', () => {
  const type = (name, count, n) => ({ name, count, attributes: Array.from({ length: n }, (_, i) => `a${i}`) });
  assert.deepEqual(promising([type('Building', 900000, 4), type('Air', 30, 8), type('Alone', 1, 5)], 2).map((t) => t.name), ['Air', 'Alone']);
});

test('curl lines say what the request says', () => {
  assert.equal(curl('http://h:1', '/ngsi-ld/v1/types', 'application/json', ''), "curl 'http://h:1/ngsi-ld/v1/types'");
  assert.equal(
    curl('http://h:1', `/ngsi-ld/v1/entities?${queryString({ type: 'P', q: 'name=="it\'s & so"' })}`, 'application/geo+json', 'north'),
    "curl -G 'http://h:1/ngsi-ld/v1/entities' \\\n  -H 'Accept: application/geo+json' \\\n  -H 'NGSILD-Tenant: north' \\\n  -d type=P \\\n  --data-urlencode 'q=name==\"it'\\''s & so\"'",
  );
});

test('what is typed is what is sent', () => {
  assert.equal(queryString({ q: 'a>1;b=="x y"', l: '[[1,2]]', p: '100%&+#' }), 'q=a%3E1;b==%22x%20y%22&l=[[1,2]]&p=100%25%26%2B%23');
  assert.equal(summary(200, 7, []), '7 results');
  assert.equal(summary(200, null, [1]), '1 result');
  assert.equal(summary(200, null, { features: [1, 2] }), '2 features');
  assert.equal(summary(404, null, {}), '');
});

test('routes of an OpenAPI document', () => {
  const document = { info: { title: 't', version: '1' }, paths: {
    '/ngsi-ld/v1/entities': { get: { summary: 'Query entities', parameters: [{ name: 'georel', in: 'query' }] }, post: {} }, '/health': { get: {} } } };
  const all = routes(document);
  assert.deepEqual(all.map((r) => [r.method, r.group]), [['get', 'Entities'], ['post', 'Entities'], ['get', 'The twin itself']]);
  assert.ok(matches(all[0], 'geo QUERY') && !matches(all[1], 'geo'));
  assert.equal(schemaText({ type: 'integer', minimum: 0, maximum: 10 }), 'integer, 0 to 10');
  assert.equal(schemaText({ type: 'array', items: { enum: ['a', 'b'] } }), 'list of a | b');
  assert.equal(schemaText({ $ref: '#/components/schemas/Entity' }), 'Entity');
});
