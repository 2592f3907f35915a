import assert from 'node:assert/strict';
import test from 'node:test';
import { pages, SAMPLE_MOST, shares } from '../.test/src/sample.js';

const sum = (list) => list.reduce((a, b) => a + b, 0);

test('a small twin is fetched whole, in pages', () => {
  const plan = pages(new Map([['A', 1250], ['B', 3], ['C', 0], ['D', 990], ['E', 10], ['F', 7]]));
  assert.deepEqual(plan, [
    { type: 'B,D', limit: 993, offset: 0 }, { type: 'E,F', limit: 17, offset: 0 },
    { type: 'A', limit: 1000, offset: 0 }, { type: 'A', limit: 250, offset: 1000 }]);
});

test('of a million entities a bounded number is fetched, small types whole', () => {
  const counts = new Map([['Building', 400000], ['Streetlight', 500000], ['Stop', 60000], ['Weather', 12], ['District', 150]]);
  const given = shares(counts);
  assert.ok(sum([...given.values()]) <= SAMPLE_MOST);
  assert.ok(sum([...given.values()]) > SAMPLE_MOST * 0.95);
  assert.equal(given.get('Weather'), 12);
  assert.equal(given.get('District'), 150);
  const plan = pages(counts);
  assert.ok(plan.length < 60, String(plan.length));
  assert.ok(plan.every((p) => p.limit >= 1 && p.limit <= 1000 && p.offset + p.limit <= p.type.split(',').reduce((n, type) => n + counts.get(type), 0)));
  assert.ok(plan.some((p) => p.type === 'Streetlight' && p.offset > 400000), 'slices come from all over the list');
});

test('a thousand types share', () => {
  const counts = new Map(Array.from({ length: 1000 }, (_, i) => [`T${i}`, 1000]));
  assert.ok(sum([...shares(counts).values()]) <= SAMPLE_MOST);
});
